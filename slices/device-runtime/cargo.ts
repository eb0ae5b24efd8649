/** How cargo runs in the sandbox: without network, on the crates of `device-crates`, with `std` from its own source. */
import type { Target } from '@cocon-os/engine';

/** What has to be among the packages of a slice that calls cargo. */
export const CARGO_PACKAGES = ['cargo-web', 'rustc-web'] as const;

/** Beside {@link CARGO_PACKAGES}, for `-Zbuild-std`. */
export const STD_PACKAGES = ['rust-web-src'] as const;

/** What Rust calls our targets with musl. */
export const RUST_TARGETS: Readonly<Record<Target, string>> = {
  x86_64: 'x86_64-unknown-linux-musl',
  aarch64: 'aarch64-unknown-linux-musl',
  riscv64: 'riscv64gc-unknown-linux-musl',
  armv7: 'armv7-unknown-linux-musleabihf',
};

/** Debian's sources of `std`, with the crates that it is built of. */
const STD_VENDOR = '/usr/src/rustc-*/library/vendor';

/**
 * The start of a script: one directory of all crates, and a configuration that names it. Of a crate that `std` has in the
 * same version, ours is taken; both have the checksum of crates.io. Unstable flags need the
 * bootstrap key, for Debian's compiler is a stable one.
 */
export function cargoSetup(withStd: boolean): string {
  const vendors = [...(withStd ? [STD_VENDOR] : []), '/needs/device-crates/vendor'];
  return `
mkdir -p /build/vendor /build/.cargo
ln -sf ${vendors.map((each) => `${each}/*`).join(' ')} /build/vendor/
cat >/build/.cargo/config.toml <<'end'
[source.crates-io]
replace-with = "vendor"
[source.vendor]
directory = "/build/vendor"
[net]
offline = true
end
export CARGO_HOME=/build/.cargo CARGO_INCREMENTAL=0 RUSTC_BOOTSTRAP=1
`;
}
