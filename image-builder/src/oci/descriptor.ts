/**
 * What the OCI image specification calls descriptor, manifest, index and configuration: their shapes as far as sealing
 * needs them. Unknown fields are let through, as the specification asks for (image-spec, considerations.md, extensibility).
 */
import { z } from 'zod';

import { BuilderError } from '../errors.ts';

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

const digest = z.string().regex(DIGEST, 'expected sha256:<64 hex digits> or sha512:<128 hex digits>');

/** Go's encoders write `null` for what is not there, in any place that is not required; so a field may be that, too. */
const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);

/** A list that Go writes as `null` when it has no elements. */
function list<Item extends z.ZodType>(item: Item) {
  return z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
}

/** Names to texts; names without one are left out. */
const texts = z
  .record(z.string(), z.string().nullable())
  .nullish()
  .transform((entries): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Object.entries(entries ?? {}).filter((entry): entry is [string, string] => entry[1] !== null),
    ),
  );

const platform = z
  .object({ architecture: optionalText, os: optionalText, variant: optionalText })
  .nullish()
  // One without words says nothing.
  .transform((said) => (said?.architecture || said?.os ? said : undefined));

const descriptor = z.object({
  mediaType: z.string(),
  digest,
  size: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  platform,
  annotations: texts,
  artifactType: optionalText,
});

/** Names a blob: its kind, SHA and size in bytes (image-spec, descriptor.md). */
export type Descriptor = Pick<z.infer<typeof descriptor>, 'mediaType' | 'digest' | 'size'> &
  Partial<z.infer<typeof descriptor>>;

const index = z.object({ schemaVersion: z.literal(2), manifests: list(descriptor) });

const manifest = z.object({
  schemaVersion: z.literal(2),
  artifactType: optionalText,
  config: descriptor,
  layers: list(descriptor),
});

/** One image for one platform (image-spec, manifest.md). */
export type Manifest = z.infer<typeof manifest>;

const imageConfig = z.object({
  architecture: z.string(),
  os: z.string(),
  config: z.object({ Labels: texts }).nullish(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: list(digest) }),
});

/** The image configuration (image-spec, config.md), without what only a container runtime needs. */
export type ImageConfig = z.infer<typeof imageConfig>;

/** Reads an image index. Throws `MANIFEST_INVALID`; `name` says which one. */
export function parseIndex(bytes: Uint8Array, name: string): { readonly manifests: readonly Descriptor[] } {
  return parse(index, bytes, name, 'an OCI image index');
}

/** Reads an image manifest. Throws `MANIFEST_INVALID`. */
export function parseManifest(bytes: Uint8Array, name: string): Manifest {
  return parse(manifest, bytes, name, 'an OCI image manifest');
}

/** Reads an image configuration. Throws `MANIFEST_INVALID`. */
export function parseImageConfig(bytes: Uint8Array, name: string): ImageConfig {
  return parse(imageConfig, bytes, name, 'an OCI image configuration');
}

/** Reads JSON of the given shape; the error names the first field that differs. Throws `MANIFEST_INVALID`. */
export function parse<Shape>(shape: z.ZodType<Shape>, bytes: Uint8Array, name: string, what: string): Shape {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new BuilderError('MANIFEST_INVALID', `Cannot read ${name}: it is not JSON`, {
      cause,
      hint: `It should be ${what}. Make or copy the image again.`,
    });
  }
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new BuilderError(
    'MANIFEST_INVALID',
    `Cannot read ${name}: ${path === '' ? 'the document' : `field ${path}`} does not fit: ${issue?.message ?? 'unknown'}`,
    { hint: `It should be ${what}. Make or copy the image again.` },
  );
}

/** Algorithm and hexadecimal digits of a digest. Throws `DIGEST_INVALID`. */
export function splitDigest(text: string): { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string } {
  if (!DIGEST.test(text)) {
    throw new BuilderError(
      'DIGEST_INVALID',
      `Cannot use digest "${text}": it is not sha256 or sha512 in hexadecimal`,
      {
        hint: 'Write it like sha256:9f86d0… with 64 lower-case digits.',
      },
    );
  }
  const [algorithm, hex = ''] = text.split(':');
  return { algorithm: algorithm === 'sha512' ? 'sha512' : 'sha256', hex };
}
