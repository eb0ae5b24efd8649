/**
 * What the device's programs are run by: the sources of `native/device`, which hold QuickJS-ng, and `cocon-compile`, which
 * makes bytecode for it on the machine that builds. In no image.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { defineSlice, localSource, sliceInvalid, type Slice } from '@cocon-os/engine';

import { deviceCrates } from '../device-crates/slice.ts';
import { CARGO_PACKAGES, cargoSetup } from './cargo.ts';

const PACKAGE = join(import.meta.dirname, '../../native/device');

/** The workspace's manifest with one member, and no word that this does not depend on. */
function manifest(): string {
  const text = readFileSync(join(import.meta.dirname, '../../Cargo.toml'), 'utf8');
  const alone = text
    .replace(/^members = \[[^\]]*\]$/m, 'members = ["native/device"]')
    .replace(/^default-members = .*\n/m, '')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/^\[profile\.(?!device\])[^[]*/gm, '');
  if (alone.includes('members = ["native/device"]')) return alone;
  throw sliceInvalid(deviceRuntime, 'build', 'Cargo.toml lists no members', 'Write: members = [ … ].');
}

export const deviceRuntime: Slice = defineSlice({
  name: 'device-runtime',
  version: '0.1.0',
  license: 'Apache-2.0',
  summary: 'Sources around QuickJS-ng, and the compiler of its bytecode',
  // What describes it or tests it lies beside these, so that a word there rebuilds nothing.
  source: localSource(join(PACKAGE, 'src')),
  needs: [deviceCrates],
  runsOn: 'host',
  packages: [...CARGO_PACKAGES],
  build: () => ({
    kind: 'steps',
    inputs: {
      'workspace.toml': manifest(),
      'package.toml': readFileSync(join(PACKAGE, 'Cargo.toml'), 'utf8'),
      'build.rs': readFileSync(join(PACKAGE, 'build.rs'), 'utf8'),
    },
    steps: [
      {
        name: 'prepare',
        script: `
mkdir -p workspace/native/device /out/bin
cp /needs/device-crates/Cargo.lock workspace/
cp /inputs/workspace.toml workspace/Cargo.toml
cp /inputs/package.toml workspace/native/device/Cargo.toml
cp /inputs/build.rs workspace/native/device/
cp -r source workspace/native/device/src
cp -r workspace /out/
`,
      },
      {
        name: 'compile',
        script: `
${cargoSetup(false)}
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_STRIP=true CARGO_TARGET_DIR=/build/target
cargo build --offline --manifest-path workspace/Cargo.toml -p cocon-device --bin cocon-compile
install -m 755 target/debug/cocon-compile /out/bin/
`,
      },
    ],
  }),
  outputs: { dev: [''] },
});
