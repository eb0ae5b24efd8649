/** Builds and seals the releases of the demo, and spoils the one that has to be spoiled. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { silentProgress } from '@cocon-os/cli';
import { checkConfig, findMkfsErofs, openInput, seal, type SealResult } from '@cocon-os/image-builder';
import { buildRelease, RELEASE_COMMAND_LINE, type ReleaseVariant } from '@cocon-os/slices';

const ROOT = join(import.meta.dirname, '../..');

/** The static `cocon-update` for devices, as `npm run setup` builds it. */
export const UPDATER_BINARY = join(ROOT, 'target/x86_64-unknown-linux-musl/device/cocon-update');
/** The boot loader, as `npm run setup` builds it. */
export const LOADER = join(ROOT, 'target/x86_64-unknown-uefi/boot/cocon-efi.efi');

const TAR_HEADER_SIZE = 512;

/** A release to be built. */
export interface ReleasePlan {
  readonly version: string;
  readonly variant: ReleaseVariant;
  /** Put behind the standard kernel command line. */
  readonly extraCommandLine?: string;
}

/** Builds the layers of a release from source, as far as the cache does not hold them, and seals them to `output`. */
export async function sealRelease(
  plan: ReleasePlan,
  key: KeyObject,
  directory: string,
  output: string,
): Promise<SealResult> {
  const pem = String(createPublicKey(key).export({ format: 'pem', type: 'spki' }));
  const layout = join(directory, `layout-${plan.version}`);
  await buildRelease({
    version: plan.version,
    variant: plan.variant,
    publicKeys: [{ name: 'release', pem }],
    updaterBinary: UPDATER_BINARY,
    directory: layout,
  });
  const commandLine = [RELEASE_COMMAND_LINE, plan.extraCommandLine ?? ''].join(' ').trim();
  return await seal(await openInput(layout), {
    config: checkConfig({ name: 'cocon-os', version: plan.version, seal: { commandLine } }),
    keys: [key],
    mkfsErofs: await findMkfsErofs(),
    output,
    progress: silentProgress,
  });
}

/** The private key in `path`; made when there is none. */
export function signingKey(path: string): KeyObject {
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(path, String(privateKey.export({ format: 'pem', type: 'pkcs8' })), { mode: 0o600 });
  }
  return createPrivateKey(readFileSync(path));
}

/** Flips one bit of one byte in the middle of the root file system of an artifact. The archive's shape stays whole. */
export function tamper(
  source: string,
  rootfs: { readonly sha256: string; readonly size: number },
  output: string,
): void {
  const bytes = readFileSync(source);
  const header = bytes.indexOf(`blobs/sha256/${rootfs.sha256}`);
  if (header < 0) throw new Error(`Cannot spoil ${source}: it has no blob ${rootfs.sha256}`);
  const at = header + TAR_HEADER_SIZE + Math.floor(rootfs.size / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(output, bytes);
}

/** Bytes of a file. */
export function sizeOf(path: string): number {
  return statSync(path).size;
}
