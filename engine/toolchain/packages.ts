/**
 * The Debian packages that builds run in and may ask for. What they depend on follows from these; all are pinned in
 * `lock.json` (`cocon pins update toolchain`).
 */
import type { Target } from '../src/define/target.ts';

/** In every sandbox. */
export const COMMON_PACKAGES = [
  'attr',
  'bash',
  'bzip2',
  'coreutils',
  'dash',
  'diffutils',
  'findutils',
  'gcc',
  'grep',
  'gzip',
  'libc-bin',
  'libc6-dev',
  'libfaketime',
  'make',
  'mawk',
  'patch',
  'perl',
  'sed',
  'tar',
  'xz-utils',
] as const;

/** The cross compiler of each target; the machine that builds is itself an x86_64. */
export const CROSS_PACKAGES: Readonly<Record<Target, readonly string[]>> = {
  x86_64: [],
  aarch64: ['gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross'],
  riscv64: ['gcc-riscv64-linux-gnu', 'libc6-dev-riscv64-cross'],
  armv7: ['gcc-arm-linux-gnueabihf', 'libc6-dev-armhf-cross'],
};

/** What a slice may name in `packages`, besides what its project pins itself (`cocon pins add`). */
export const EXTRA_PACKAGES = [
  'autoconf',
  'automake',
  'bc',
  'bison',
  'bsdextrautils',
  'ca-certificates',
  'cargo-web',
  'ccache',
  'cmake',
  'cpio',
  'file',
  'flex',
  'g++',
  'gperf',
  'kmod',
  'libelf-dev',
  'liblz4-dev',
  'liblzma-dev',
  'libssl-dev',
  'libtool',
  'libzstd-dev',
  'lz4',
  'lzop',
  'm4',
  'meson',
  'ninja-build',
  'openssl',
  'pkgconf',
  'python3-minimal',
  'python3',
  'rsync',
  'rust-web-src',
  'rustc-web',
  'texinfo',
  'uuid-dev',
  'zlib1g-dev',
  'zstd',
] as const;

/**
 * A package that a slice may ask for. Editors complete those of this list; any other is held
 * against the project's own pins when it is evaluated.
 */
export type ToolchainPackage = (typeof EXTRA_PACKAGES)[number] | (string & Record<never, never>);
