/** release.json: what a release is, and the proof that a trusted key said so (FORMAT.md §6). */
import canonicalize from 'canonicalize';
import english from 'zod/v4/locales/en.js';

import type { Crypto } from './block-device.ts';
import { SdfsError } from './errors.ts';
import { LIMITS, type FileKind } from './format.ts';
import { releaseSchema, type Release } from './release-schema.ts';
import { sha256Hex } from './sha256.ts';
import { checkSignatureSize, verifySignatures } from './signature.ts';

/** A file that a release names. */
export interface ReleaseFile {
  readonly kind: FileKind;
  /** Its name in a slot: `kernel`, `initrd`, `dtb/<name>`, `rootfs` or `verity`. */
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/** A release whose signature has been verified. {@link openRelease} makes it; nothing else can be staged. */
export interface SignedRelease {
  readonly release: Release;
  /** SHA-256 of release.json: the release's identity. */
  readonly digest: string;
  /** The raw bytes of release.json and release.sig. */
  readonly json: Uint8Array;
  readonly signature: Uint8Array;
  /** Identity of the trusted key whose signature held. */
  readonly keyId: string;
}

/**
 * Verifies release.sig over the raw bytes of release.json, then parses these (FORMAT.md §6.3, steps 1 to 3).
 *
 * `trustedKeys` are raw Ed25519 public keys of 32 bytes. Throws `RELEASE_BAD_SIGNATURE`, `RELEASE_UNTRUSTED` or
 * `RELEASE_INVALID`.
 */
export function openRelease(
  json: Uint8Array,
  signature: Uint8Array,
  trustedKeys: readonly Uint8Array[],
  crypto: Crypto,
): SignedRelease {
  checkSignatureSize(signature.length);
  checkReleaseSize(json.length);
  const keyId = verifySignatures(json, signature, trustedKeys, crypto);
  return { release: parseRelease(json), digest: sha256Hex(crypto, json), json, signature, keyId };
}

/** Throws `RELEASE_INVALID` when release.json cannot have this size in bytes. */
export function checkReleaseSize(bytes: number): void {
  if (bytes > LIMITS.MAX_RELEASE_JSON) {
    throw invalid(`it has ${bytes} bytes, the limit is ${LIMITS.MAX_RELEASE_JSON}`);
  }
}

/** Parses release.json strictly: it must be the canonical form (RFC 8785) of a valid release. Throws `RELEASE_INVALID`. */
export function parseRelease(json: Uint8Array): Release {
  checkReleaseSize(json.length);
  const stray = json.findIndex((byte) => byte < 0x20 || byte > 0x7e || byte === 0x5c);
  if (stray >= 0) throw invalid(`byte ${stray} is no printable ASCII character, or a backslash`);
  const text = Array.from(json, (byte) => String.fromCharCode(byte)).join('');
  const { value, canonical } = parseJson(text);
  if (canonical !== text) throw invalid('it is not canonical JSON (RFC 8785)');
  return checkRelease(value);
}

/** release.json of a release. Throws `RELEASE_INVALID` when it breaks FORMAT.md §6.1. */
export function encodeRelease(release: Release): Uint8Array {
  const text = canonicalize(checkRelease(release)) ?? '';
  const json = Uint8Array.from(text, (character) => character.charCodeAt(0));
  checkReleaseSize(json.length);
  return json;
}

/** The files that a release names, in the order in which they are laid out in a slot. */
export function releaseFiles(release: Release): readonly ReleaseFile[] {
  const { kernel, initrd, deviceTrees, rootfs } = release;
  return [
    fileOf('kernel', kernel),
    ...(initrd === undefined ? [] : [fileOf('initrd', initrd)]),
    ...(deviceTrees ?? []).map((tree) => fileOf('dtb', tree, `dtb/${tree.name}`)),
    ...(rootfs === undefined ? [] : [fileOf('rootfs', rootfs), fileOf('verity', rootfs.verity)]),
  ];
}

/** Throws `RELEASE_INVALID` unless `files` are those of the release and no others (FORMAT.md §6.3, step 6). */
export function matchFiles(release: Release, files: readonly ReleaseFile[]): void {
  const named = releaseFiles(release);
  const found = files.filter((file) => file.kind !== 'release.json' && file.kind !== 'release.sig');
  for (const file of named) {
    const match = found.find((other) => other.name === file.name);
    if (match === undefined) throw invalid(`the slot holds no ${file.name}`);
    if (match.size !== file.size || match.sha256 !== file.sha256)
      throw invalid(`the slot holds another ${file.name}`);
  }
  const stranger = found.find((file) => named.every((other) => other.name !== file.name));
  if (stranger !== undefined) throw invalid(`the slot holds ${stranger.name}, which it does not name`);
}

const ENGLISH = english().localeError;

/** The value and its canonical form. Some values have none: `1e999` is infinite. */
function parseJson(text: string): { readonly value: unknown; readonly canonical: string | undefined } {
  try {
    const value: unknown = JSON.parse(text);
    return { value, canonical: canonicalize(value) };
  } catch (cause) {
    throw invalid('it is no JSON', cause);
  }
}

function checkRelease(value: unknown): Release {
  const result = releaseSchema.safeParse(value, { error: ENGLISH });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`.replace(/^: /, ''));
}

function invalid(fault: string, cause?: unknown): SdfsError {
  return new SdfsError('RELEASE_INVALID', `Cannot use release.json: ${fault}`, {
    ...(cause === undefined ? {} : { cause }),
    facts: { fault },
  });
}

function fileOf(
  kind: FileKind,
  { size, sha256 }: { size: number; sha256: string },
  name: string = kind,
): ReleaseFile {
  return {
    kind,
    name,
    size,
    sha256,
  };
}
