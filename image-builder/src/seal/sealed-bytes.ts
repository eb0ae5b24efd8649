/** How much of a device a release takes. */
import type { Release } from '@cocon-os/sdfs';

/** Bytes of everything that a slot holds of a release. */
export function sealedBytesOf({ kernel, initrd, deviceTrees = [], rootfs }: Release): number {
  const files = [kernel, initrd, rootfs, rootfs?.verity, ...deviceTrees];
  return files.reduce((sum, file) => sum + (file?.size ?? 0), 0);
}
