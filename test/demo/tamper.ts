/** What an attacker, or a bad cable, does to a release. */
import { readFileSync, writeFileSync } from 'node:fs';

import type { SealResult } from '@cocon-os/image-builder';

const TAR_HEADER_SIZE = 512;

/** Flips one bit in the middle of the root file system of an artifact, in place. The archive's shape stays whole. */
export function tamper({ output, release: { rootfs } }: SealResult): void {
  if (rootfs === undefined) throw new Error(`Cannot spoil ${output}: it has no root file system`);
  const bytes = readFileSync(output);
  const header = bytes.indexOf(`blobs/sha256/${rootfs.sha256}`);
  if (header < 0) throw new Error(`Cannot spoil ${output}: it has no blob ${rootfs.sha256}`);
  const at = header + TAR_HEADER_SIZE + Math.floor(rootfs.size / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(output, bytes);
}
