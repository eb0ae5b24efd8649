/** How the kernel's own build is called, the same way for its configuration and for itself. */
import type { TargetNames, ToolchainPackage } from '@cocon-os/engine';

/** Packages that it runs. */
export const KERNEL_PACKAGES: readonly ToolchainPackage[] = [
  'bc',
  'bison',
  'flex',
  'libelf-dev',
  'zstd',
  // For single symbols: headers in the kernel, key rings, other ways to pack it, Adreno graphics.
  'cpio',
  'libssl-dev',
  'lz4',
  'lzop',
  'python3',
];

/** The start of a call of make. */
export function kernelMake({ linux, triplet }: TargetNames): string {
  return `make -C source ARCH=${linux} CROSS_COMPILE=${triplet}-`;
}
