/** Sealed releases and disks that boot them, made by the image builder as `cocon` makes them. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';

import { silentProgress } from '@cocon-os/cli';
import {
  checkConfig,
  openInput,
  rawPublicKey,
  seal,
  writeDisk,
  type ConfigInput,
  type DiskResult,
  type SealResult,
} from '@cocon-os/image-builder';

/** The repository's root. */
export const ROOT = join(import.meta.dirname, '../..');
/** The loader, as scripts/build-loader leaves it. */
export const LOADER = join(ROOT, 'target/x86_64-unknown-uefi/boot/cocon-efi.efi');

/** Serial logs of a test stay here. */
export function logPath(name: string): string {
  return join(ROOT, 'out/logs/boot', `${name}.log`);
}

/** A key pair that signs releases. */
export interface ReleaseKey {
  readonly privateKey: KeyObject;
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** SubjectPublicKeyInfo. */
  readonly publicPem: string;
}

/** Draws a key pair. */
export function createReleaseKey(): ReleaseKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicPem = String(createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }));
  return { privateKey, publicKey: rawPublicKey(privateKey), publicPem };
}

/** Seals the image layout in `image` into the artifact `output`. */
export async function sealImage(
  image: string,
  output: string,
  key: ReleaseKey,
  config: ConfigInput,
  mkfsErofs: string,
): Promise<SealResult> {
  const source = await openInput(image);
  return await seal(source, {
    config: checkConfig(config),
    keys: [key.privateKey],
    mkfsErofs,
    output,
    progress: silentProgress,
  });
}

/** Makes a disk of artifacts; the first is confirmed, the others are on trial. */
export async function makeDisk(
  releases: readonly string[],
  output: string,
  key: ReleaseKey,
  config: ConfigInput = {},
): Promise<DiskResult> {
  return await writeDisk({
    config: checkConfig(config),
    releases,
    loader: LOADER,
    trustedKeys: [key.publicKey],
    output,
    progress: silentProgress,
  });
}
