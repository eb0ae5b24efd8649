/** Volumes that were really made and really staged into. */
import {
  MemoryDevice,
  mkfs,
  openRelease,
  stage,
  type BlockDevice,
  type MkfsOptions,
  Volume,
} from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { sha256, trustedKey, type TestRelease } from './release.ts';

/** Small groups, so that small releases fill several. */
export const GROUP_BLOCKS = 16;
/** Room for three of the test releases. */
export const VOLUME_BYTES = 16 * 1024 * 1024;

/** An empty volume in memory. */
export function memoryVolume(options: MkfsOptions & { sizeBytes?: number } = {}): Volume {
  const { sizeBytes = VOLUME_BYTES, ...wishes } = options;
  return formatVolume(new MemoryDevice(sizeBytes), wishes);
}

/** An empty volume on a device. */
export function formatVolume(device: BlockDevice, options: MkfsOptions = {}): Volume {
  return mkfs(
    device,
    { slots: 3, groupBlocks: GROUP_BLOCKS, ringRecords: 16, label: 'test', ...options },
    nodeCrypto,
  );
}

/** Stages a release by the slot manager alone. Returns the slot. */
export function install(volume: Volume, { json, signature, files }: TestRelease): number {
  const signed = openRelease(json, signature, [trustedKey.publicKey], nodeCrypto);
  const session = stage(volume, signed, { crypto: nodeCrypto });
  for (const file of session.files) {
    const writer = session.writer(file.name);
    writer.write(files.get(file.name) ?? new Uint8Array(0));
    writer.close();
  }
  return session.finish().index;
}

/** SHA-256 of every byte of a device. */
export function hashDevice(device: BlockDevice): string {
  const bytes = new Uint8Array(device.sizeBytes);
  device.read(0, bytes);
  return sha256(bytes);
}
