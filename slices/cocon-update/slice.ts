/**
 * The updater on the device: the TypeScript of `updater/`, bundled, as bytecode in one static program with the engine that
 * runs it.
 */
import { join } from 'node:path';

import { defineSlice, localSource, type Target } from '@cocon-os/engine';

import { deviceCrates } from '../device-crates/slice.ts';
import { CARGO_PACKAGES, cargoSetup, RUST_TARGETS, STD_PACKAGES } from '../device-runtime/cargo.ts';
import { deviceRuntime } from '../device-runtime/slice.ts';
import { musl } from '../musl/slice.ts';

/** Written by `native/device/bundle.ts`. */
const BUNDLE = join(import.meta.dirname, '../../out/device/cocon-update.js');

/** Rust's declarations of a 32-bit musl are those of version 1.1, with a clock that ends in 2038, unless it is told of a newer one. */
const TIME_64 = 'export RUST_LIBC_UNSTABLE_MUSL_V1_2_3=1\n';

/**
 * Environment of cargo for a target. Not position-independent: musl's compiler wrapper knows no `-static-pie`. Without
 * tables for unwinding, which a program that aborts has no use for; those of armv7 would ask for the unwinder itself.
 */
function environment(target: Target, triplet: string): string {
  const rust = RUST_TARGETS[target];
  const name = rust.replaceAll('-', '_');
  const upper = name.toUpperCase();
  return `
export CC_${name}=/needs/musl/bin/musl-gcc AR_${name}=${triplet}-gcc-ar
export CFLAGS_${name}='-ffile-prefix-map=/build/vendor=. -fno-asynchronous-unwind-tables'
export CARGO_TARGET_${upper}_LINKER=/needs/musl/bin/musl-gcc
export CARGO_TARGET_${upper}_RUSTFLAGS='-C target-feature=+crt-static -C relocation-model=static -C link-self-contained=no -C force-unwind-tables=no'
export CARGO_PROFILE_DEVICE_TRIM_PATHS=all CARGO_TARGET_DIR=/build/target
${target === 'armv7' ? TIME_64 : ''}`;
}

export const coconUpdate = defineSlice({
  name: 'cocon-update',
  version: '0.1.0',
  // The second is that of Rust's std, which comes from the toolchain and from no need.
  license: 'Apache-2.0 AND (MIT OR Apache-2.0)',
  summary: 'Stages, commits and rolls back releases',
  source: localSource(BUNDLE, 'Run npm run setup, which bundles it.'),
  needs: [musl, deviceCrates, deviceRuntime],
  packages: [...CARGO_PACKAGES, ...STD_PACKAGES],
  /**
   * What booting from a slot takes: device-mapper puts its extents together and verifies them, and the kernel mounts the
   * outcome as root (SDFS FORMAT.md §9). And what writing the next one takes: `BLK_DEV_WRITE_MOUNTED`, since the partition
   * holds the running system too.
   */
  kernel: (k, { target }) => [
    k.BLOCK,
    k.BLK_DEV,
    k.MD,
    k.BLK_DEV_DM,
    k.DM_INIT,
    k.DM_VERITY,
    k.CRYPTO,
    k.CRYPTO_SHA256,
    ...(target.name === 'x86_64' ? [k.CRYPTO_SHA256_SSSE3] : []),
    k.MISC_FILESYSTEMS,
    k.EROFS_FS,
    k.EROFS_FS_XATTR,
    k.EROFS_FS_SECURITY,
    k.EROFS_FS_ZIP,
    k.EROFS_FS_ZIP_LZMA,
    k.EROFS_FS_ZIP_ZSTD,
    k.BLK_DEV_WRITE_MOUNTED,
    k.PARTITION_ADVANCED,
    k.EFI_PARTITION,
    k.EPOLL,
    k.EVENTFD,
    k.NET,
    k.UNIX,
    k.INET,
  ],
  build: ({ target }) => ({
    kind: 'steps',
    steps: [
      {
        name: 'bytecode',
        script: '/needs/device-runtime/bin/cocon-compile cocon-update <source >cocon-update.bytecode',
      },
      {
        name: 'compile',
        // std from source, for Debian has none for musl, and without the unwinder: the profile aborts on a panic.
        script: `
cp -r /needs/device-runtime/workspace .
${cargoSetup(true)}${environment(target.name, target.triplet)}
export COCON_PROGRAM=/build/cocon-update.bytecode
cargo build --offline --manifest-path workspace/Cargo.toml -p cocon-device --bin cocon-update --features program \\
  --target ${RUST_TARGETS[target.name]} --profile device -Zbuild-std=std,panic_abort -Zbuild-std-features= -Ztrim-paths
`,
      },
      {
        name: 'install',
        script: `install -D -m 755 target/${RUST_TARGETS[target.name]}/device/cocon-update /out/usr/bin/cocon-update`,
      },
    ],
  }),
  outputs: { runtime: [''] },
  budget: { size: '1.5 MiB' },
  tests: ({ vm }) => [vm.boots().run('cocon-update status').says(/./)],
});
