/** Sealed releases and disks that boot them, made by the image builder as `cocon` makes them. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { silentProgress } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';
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
import { findHostTool } from '@cocon-os/image-builder';

/** The repository's root. */
export const ROOT = join(import.meta.dirname, '../..');
/** The loader, as scripts/build-loader leaves it. */
export const LOADER = join(ROOT, 'target/x86_64-unknown-uefi/boot/cocon-efi.efi');

/** The device's `cocon-update` for a PC, which runs here too. */
export function updater(): Promise<string> {
  return findHostTool('cocon-update', nodeTerminal);
}

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
  return releaseKeyOf(generateKeyPairSync('ed25519').privateKey);
}

/** The key pair whose private key is in `path`; drawn and written there when there is none. */
export function keptReleaseKey(path: string): ReleaseKey {
  if (existsSync(path)) return releaseKeyOf(createPrivateKey(readFileSync(path)));
  const key = createReleaseKey();
  writeFileSync(path, String(key.privateKey.export({ format: 'pem', type: 'pkcs8' })), { mode: 0o600 });
  return key;
}

function releaseKeyOf(privateKey: KeyObject): ReleaseKey {
  const publicPem = String(createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }));
  return { privateKey, publicKey: rawPublicKey(privateKey), publicPem };
}

/** Seals the image layout in `image` into the artifact `output`. */
export async function sealImage(
  image: string,
  output: string,
  key: ReleaseKey,
  config: ConfigInput,
): Promise<SealResult> {
  const source = await openInput(image);
  return await seal(source, {
    config: checkConfig(config),
    keys: [key.privateKey],
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
