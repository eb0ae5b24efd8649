/**
 * Builds the device's `cocon-update`: bundles the updater's TypeScript, then compiles the static binary around it.
 *
 *     bash scripts/node native/device/build.ts
 *
 * Result: `target/x86_64-unknown-linux-musl/device/cocon-update`. Cargo decides what is stale; the bundle is only written
 * when it has changed. Two checkouts give the same bytes: no path of the build machine gets in.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const ENTRY = join(ROOT, 'updater/src/device-main.ts');
const BUNDLE = join(ROOT, 'out/device/cocon-update.js');
const TARGET = 'x86_64-unknown-linux-musl';
const BINARY = join(ROOT, 'target', TARGET, 'device/cocon-update');

/** What QuickJS-ng understands. */
const LANGUAGE = 'es2023';

async function bundle(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [ENTRY],
    absWorkingDir: ROOT,
    bundle: true,
    format: 'esm',
    // Neither Node's modules nor a browser's: an import of either fails the build.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: LANGUAGE,
    // Names stay: they are in error messages and stacks.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    charset: 'utf8',
    write: false,
    logLevel: 'warning',
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`Cannot bundle ${ENTRY}: esbuild wrote nothing`);
  writeChanged(BUNDLE, output.contents);
}

function writeChanged(path: string, bytes: Uint8Array): void {
  const present = statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : readFileSync(path);
  if (present?.equals(bytes) === true) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

function compile(): void {
  const env = {
    ...process.env,
    CARGO_TARGET_DIR: join(ROOT, 'target'),
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER: 'musl-gcc',
    // Not position-independent: Debian's musl-gcc cannot link a static PIE.
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS:
      '-C target-feature=+crt-static -C relocation-model=static -C link-self-contained=no',
    CC_x86_64_unknown_linux_musl: 'musl-gcc',
    // For the assertions of QuickJS-ng, which name their file.
    CFLAGS_x86_64_unknown_linux_musl: `-ffile-prefix-map=${ROOT}=.`,
    CARGO_PROFILE_DEVICE_TRIM_PATHS: 'all',
  };
  const args = ['build', '--locked', '-p', 'cocon-device', '--target', TARGET, '--profile', 'device'];
  // std from source, for Debian has none for musl, and without the unwinder: the profile aborts on a panic.
  const unstable = ['-Zbuild-std=std,panic_abort', '-Zbuild-std-features=', '-Ztrim-paths'];
  const { status } = spawnSync(join(ROOT, 'scripts/cargo'), [...args, ...unstable], { cwd: ROOT, env, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

await bundle();
compile();
process.stderr.write(`${BINARY}: ${statSync(BINARY).size} bytes, of them ${statSync(BUNDLE).size} of JavaScript\n`);
