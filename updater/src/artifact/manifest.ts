/**
 * index.json and the manifest of an artifact, read with suspicion: what an unknown writer put there reaches the rest of
 * the program as checked values only. Fields that OCI defines and nothing here needs are let through unread.
 */
import * as z from 'zod/mini';

import { UpdaterError } from '../errors.ts';
import { decodeText } from '../text.ts';
import { INDEX_TYPE, MANIFEST_TYPE } from './media-types.ts';

/** Most entries of an index and layers of a manifest; a slot holds 32 files. */
const MAX_DESCRIPTORS = 64;

const SHA256_DIGEST = /^sha256:[0-9a-f]{64}$/;

const descriptor = z.pipe(
  z.object({
    mediaType: z.string(),
    digest: z.string().check(
      z.refine((digest) => SHA256_DIGEST.test(digest), {
        error: 'Expected sha256:<64 hexadecimal digits>',
      }),
    ),
    size: z.int().check(z.minimum(0)),
    platform: z.optional(z.object({ architecture: z.string() })),
  }),
  z.transform(({ mediaType, digest, size, platform }) => ({
    mediaType,
    /** Hexadecimal. */
    sha256: digest.slice('sha256:'.length),
    size,
    architecture: platform?.architecture,
  })),
);

const descriptors = z.array(descriptor).check(z.minLength(1), z.maxLength(MAX_DESCRIPTORS));
const indexSchema = z.object({ schemaVersion: z.literal(2), manifests: descriptors });
const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  artifactType: z.optional(z.string()),
  config: descriptor,
  layers: descriptors,
});

/** OCI image spec, descriptor.md: what is needed of it. */
export type OciDescriptor = z.infer<typeof descriptor>;
/** OCI image spec, manifest.md: what is needed of it. */
export type OciManifest = z.infer<typeof manifestSchema>;

/** The entries of index.json. `ARTIFACT_BAD_MANIFEST`. */
export function parseIndex(bytes: Uint8Array): readonly OciDescriptor[] {
  return parse(indexSchema, bytes, 'index.json').manifests;
}

/** A manifest. `ARTIFACT_BAD_MANIFEST`. */
export function parseManifest(bytes: Uint8Array): OciManifest {
  return parse(manifestSchema, bytes, 'the manifest');
}

/** The manifest for `architecture`. An entry that names no platform counts when it is the only one. */
export function pickManifest(entries: readonly OciDescriptor[], architecture: string): OciDescriptor {
  const manifests = entries.filter(
    ({ mediaType }) => mediaType === MANIFEST_TYPE || mediaType === INDEX_TYPE,
  );
  const [first, second] = manifests;
  if (first === undefined) {
    const found = entries[0]?.mediaType ?? 'nothing';
    throw new UpdaterError(
      'ARTIFACT_UNKNOWN_MEDIA_TYPE',
      `Cannot use the archive: index.json lists "${found}", wanted a manifest`,
      { hint: 'Give the image.oci that "cocon seal" wrote.', facts: { mediaType: found } },
    );
  }
  const matching = manifests.filter((entry) => entry.architecture === architecture);
  if (matching.length > 1) throw bad(`index.json lists ${matching.length} manifests for ${architecture}`);
  const picked =
    matching[0] ?? (second === undefined && first.architecture === undefined ? first : undefined);
  if (picked !== undefined) return picked;
  throw wrongArchitecture(
    manifests.map((entry) => entry.architecture ?? 'no platform').join(', '),
    architecture,
  );
}

/** A release for another processor, as the index or release.json says. */
export function wrongArchitecture(found: string, wanted: string): UpdaterError {
  return new UpdaterError(
    'ARTIFACT_WRONG_ARCHITECTURE',
    `Cannot use the archive: it holds a release for ${found}, wanted ${wanted}`,
    {
      hint: 'Fetch the release that was built for this machine, or say --architecture for a volume of another one.',
      facts: { found, wanted },
    },
  );
}

function parse<Value>(schema: z.ZodMiniType<Value>, bytes: Uint8Array, what: string): Value {
  let value: unknown;
  try {
    value = JSON.parse(decodeText(bytes) ?? '');
  } catch (cause) {
    throw bad(`${what} is not JSON`, cause);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw bad(`${what} has a wrong value at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? ''}`);
}

function bad(found: string, cause?: unknown): UpdaterError {
  return new UpdaterError('ARTIFACT_BAD_MANIFEST', `Cannot read the OCI layout: ${found}`, {
    hint: 'Fetch or build the archive again.',
    ...(cause === undefined ? {} : { cause }),
  });
}
