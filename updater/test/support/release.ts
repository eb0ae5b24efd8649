/** Real releases: contents, verity tree, release.json, signature. */
import { createHash } from 'node:crypto';

import { encodeRelease, encodeSignatures, type Release } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { makeKey, type TestKey } from './keys.ts';

/** A release and the bytes of its files by name. */
export interface TestRelease {
  readonly release: Release;
  readonly json: Uint8Array;
  readonly signature: Uint8Array;
  readonly digest: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The key that the tests' machines trust. */
export const trustedKey: TestKey = makeKey();

/** What a test may want different. */
export interface ReleaseWish {
  readonly version?: string;
  readonly architecture?: Release['architecture'];
  readonly securityVersion?: number;
  readonly attempts?: number;
  readonly kernelBytes?: number;
  /** Multiple of 4096, at least 8192. */
  readonly rootfsBytes?: number;
  readonly initrd?: boolean;
  readonly deviceTrees?: readonly string[];
  readonly keys?: readonly TestKey[];
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Builds and signs one. Contents follow from version and name, so equal wishes give equal releases. */
export function makeRelease(wish: ReleaseWish = {}): TestRelease {
  const version = wish.version ?? '1.0.0';
  const kernel = pattern(`kernel ${version}`, wish.kernelBytes ?? 70_001);
  const rootfs = pattern(`rootfs ${version}`, wish.rootfsBytes ?? 600 * 4096);
  const { tree, rootHash } = verityTree(rootfs);
  const initrd = wish.initrd === true ? pattern(`initrd ${version}`, 12_345) : undefined;
  const trees = (wish.deviceTrees ?? []).map((name) => [name, pattern(`dtb ${name}`, 999)] as const);
  const facts = (bytes: Uint8Array) => ({ size: bytes.length, sha256: sha256(bytes) });
  const release: Release = {
    format: 'cocon.release/1',
    name: 'cocon-test',
    version,
    architecture: wish.architecture ?? 'amd64',
    securityVersion: wish.securityVersion ?? 1,
    attempts: wish.attempts ?? 3,
    commandLine: 'console=ttyS0',
    kernel: facts(kernel),
    ...(initrd === undefined ? {} : { initrd: facts(initrd) }),
    ...(trees.length === 0 ? {} : { deviceTrees: trees.map(([name, bytes]) => ({ name, ...facts(bytes) })) }),
    rootfs: { ...facts(rootfs), verity: { ...facts(tree), rootHash } },
  };
  const json = encodeRelease(release);
  const keys = wish.keys ?? [trustedKey];
  const entries = keys.map((key) => ({ publicKey: key.publicKey, signature: key.sign(json) }));
  return {
    release,
    json,
    signature: encodeSignatures(entries, nodeCrypto),
    digest: sha256(json),
    files: new Map<string, Uint8Array>([
      ['kernel', kernel],
      ...(initrd === undefined ? [] : [['initrd', initrd] as const]),
      ...trees.map(([name, bytes]) => [`dtb/${name}`, bytes] as const),
      ['rootfs', rootfs],
      ['verity', tree],
    ]),
  };
}

/** Bytes that look like nothing in particular and are the same each time. */
export function pattern(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = Number.parseInt(sha256(new TextEncoder().encode(seed)).slice(0, 8), 16);
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** dm-verity version 1, SHA-256, 4096, no salt, built level by level; the code under test only checks trees. */
export function verityTree(data: Uint8Array): { readonly tree: Uint8Array; readonly rootHash: string } {
  const levels: Buffer[] = [];
  let below: Uint8Array = data;
  do {
    const digests: Buffer[] = [];
    for (let at = 0; at < below.length; at += 4096) {
      digests.push(
        createHash('sha256')
          .update(below.subarray(at, at + 4096))
          .digest(),
      );
    }
    const level = Buffer.alloc(Math.ceil(digests.length / 128) * 4096);
    Buffer.concat(digests).copy(level);
    levels.unshift(level);
    below = level;
  } while (below.length > 4096);
  return { tree: new Uint8Array(Buffer.concat(levels)), rootHash: sha256(below) };
}
