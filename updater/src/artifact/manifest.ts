/**
 * index.json and the manifest of an artifact, read with suspicion: what an unknown writer put there reaches the rest of
 * the program as checked values only. Hand-written rather than zod: four fields a descriptor do not pay for a validator
 * that would be a tenth of the program on the device.
 */
import { SHA256_HEX } from './digest.ts';
import { UpdaterError } from '../errors.ts';
import { decodeText } from '../text.ts';
import { INDEX_TYPE, MANIFEST_TYPE } from './media-types.ts';

/** OCI image spec, descriptor.md. */
export interface OciDescriptor {
  readonly mediaType: string;
  /** SHA-256 in hexadecimal; other algorithms are refused. */
  readonly sha256: string;
  readonly size: number;
  readonly architecture: string | undefined;
}

/** OCI image spec, manifest.md. */
export interface OciManifest {
  readonly artifactType: string | undefined;
  readonly config: OciDescriptor;
  readonly layers: readonly OciDescriptor[];
}

/** Most entries of an index and layers of a manifest; a slot holds 32 files. */
const MAX_DESCRIPTORS = 64;

/** The entries of index.json. */
export function parseIndex(bytes: Uint8Array): readonly OciDescriptor[] {
  return list(json(bytes, 'index.json'), 'manifests', 'index.json');
}

/** A manifest. */
export function parseManifest(bytes: Uint8Array): OciManifest {
  const manifest = json(bytes, 'manifest');
  const artifactType = manifest['artifactType'];
  return {
    artifactType: typeof artifactType === 'string' ? artifactType : undefined,
    config: descriptor(manifest['config'], 'manifest: config'),
    layers: list(manifest, 'layers', 'manifest'),
  };
}

/** The manifest for `architecture`. An entry that names no platform counts when it is the only one. */
export function pickManifest(entries: readonly OciDescriptor[], architecture: string): OciDescriptor {
  const manifests = entries.filter((entry) => entry.mediaType === MANIFEST_TYPE || entry.mediaType === INDEX_TYPE);
  const [first, second] = manifests;
  if (first === undefined) {
    const found = entries[0]?.mediaType ?? 'nothing';
    throw new UpdaterError('ARTIFACT_UNKNOWN_MEDIA_TYPE', `Cannot use the archive: index.json lists "${found}", wanted a manifest`, {
      hint: 'Give the image.oci that "cocon seal" wrote.',
    });
  }
  const matching = manifests.filter((entry) => entry.architecture === architecture);
  if (matching.length > 1) throw bad(`index.json lists ${matching.length} manifests for ${architecture}`);
  const picked = matching[0] ?? (second === undefined && first.architecture === undefined ? first : undefined);
  if (picked !== undefined) return picked;
  const found = manifests.map((entry) => entry.architecture ?? 'no platform').join(', ');
  throw new UpdaterError(
    'ARTIFACT_WRONG_ARCHITECTURE',
    `Cannot use the archive: it holds a release for ${found}, wanted ${architecture}`,
    {
      hint: 'Fetch the release that was built for this machine, or say --architecture for a volume of another one.',
      facts: { found, wanted: architecture },
    },
  );
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function json(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decodeText(bytes) ?? '');
  } catch (cause) {
    throw bad(`${what} is not JSON`, cause);
  }
  if (!isObject(value)) throw bad(`${what} is not a JSON object`);
  if (value['schemaVersion'] !== 2) throw bad(`${what} has schemaVersion ${JSON.stringify(value['schemaVersion'])}, wanted 2`);
  return value;
}

function list(owner: JsonObject, field: string, what: string): readonly OciDescriptor[] {
  const entries = owner[field];
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_DESCRIPTORS) {
    throw bad(`${what} has no list of 1 to ${MAX_DESCRIPTORS} ${field}`);
  }
  return entries.map((entry, index) => descriptor(entry, `${what}: ${field}[${index}]`));
}

function descriptor(value: unknown, what: string): OciDescriptor {
  if (!isObject(value)) throw bad(`${what} is not an object`);
  const { mediaType, digest, size, platform } = value;
  if (typeof mediaType !== 'string') throw bad(`${what} has no mediaType`);
  const sha256 = typeof digest === 'string' && digest.startsWith('sha256:') ? digest.slice('sha256:'.length) : '';
  if (!SHA256_HEX.test(sha256)) throw bad(`${what} has the digest ${JSON.stringify(digest)}, wanted sha256:<64 hex digits>`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw bad(`${what} has the size ${JSON.stringify(size)}, wanted a whole number of bytes`);
  }
  const architecture = isObject(platform) ? platform['architecture'] : undefined;
  return { mediaType, sha256, size, architecture: typeof architecture === 'string' ? architecture : undefined };
}

function bad(found: string, cause?: unknown): UpdaterError {
  return new UpdaterError('ARTIFACT_BAD_MANIFEST', `Cannot read the OCI layout: ${found}`, {
    hint: 'Fetch or build the archive again.',
    ...(cause === undefined ? {} : { cause }),
  });
}
