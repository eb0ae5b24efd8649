/** The crates that the device's updater is built of, as cargo's directory sources have them. In no image. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { cratesSource, defineSlice, lockedCrates } from '@cocon-os/engine';

const LOCK = join(import.meta.dirname, '../../Cargo.lock');
const PACKAGE = 'cocon-device';

export const deviceCrates = defineSlice({
  name: 'device-crates',
  version: '0.1.0',
  license: '(MIT OR Apache-2.0) AND MIT AND BSD-3-Clause AND Zlib AND Unicode-3.0',
  summary: 'Rust crates of the device runtime, QuickJS-ng among them',
  source: cratesSource({ lock: LOCK, package: PACKAGE }),
  runsOn: 'host',
  build: () => ({
    kind: 'steps',
    inputs: { 'Cargo.lock': lockedCrates(readFileSync(LOCK, 'utf8'), PACKAGE).lockText },
    steps: [
      {
        name: 'install',
        script: `
cp /inputs/Cargo.lock /out/
mv source /out/vendor
# Bindings to another system, which cargo wants to see and nobody compiles.
rm -rf /out/vendor/windows-*/src/Windows
`,
      },
      {
        name: 'bindings',
        // Of QuickJS's types, which name nothing of a C library: for targets that have both, the crate ships one text twice.
        script: `
cd /out/vendor/rquickjs-sys-*/src/bindings
cmp x86_64-unknown-linux-gnu.rs x86_64-unknown-linux-musl.rs
cmp aarch64-unknown-linux-gnu.rs aarch64-unknown-linux-musl.rs
cp --update=none riscv64gc-unknown-linux-gnu.rs riscv64gc-unknown-linux-musl.rs
cp --update=none armv7-unknown-linux-gnueabihf.rs armv7-unknown-linux-musleabihf.rs
`,
      },
    ],
  }),
  outputs: { dev: [''] },
});
