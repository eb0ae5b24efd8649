/**
 * Builds the device's `cocon-update`: bundles the updater's TypeScript, compiles the bundle to bytecode with the engine
 * that will run it, and then the static binary around it.
 *
 *     bash scripts/node native/device/build.ts
 *
 * Result: `target/x86_64-unknown-linux-musl/device/cocon-update`. Cargo decides what is stale; the bytecode is only
 * written when it has changed. Two checkouts give the same bytes: no path of the build machine gets in.
 */
import { spawnSync, type StdioOptions } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const ENTRY = join(ROOT, 'updater/src/device-main.ts');
const NAME = 'cocon-update';
const BYTECODE = join(ROOT, 'out/device/cocon-update.bytecode');
const TARGET = 'x86_64-unknown-linux-musl';
const BINARY = join(ROOT, 'target', TARGET, 'device', NAME);

/** What QuickJS-ng understands. */
const LANGUAGE = 'es2023';

async function bundle(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [ENTRY],
    absWorkingDir: ROOT,
    bundle: true,
    format: 'esm',
    // Neither Node's modules nor a browser's: an import of either fails the build.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: LANGUAGE,
    // Names and lines stay: they are in error messages and stacks.
    minifySyntax: true,
    legalComments: 'none',
    write: false,
    logLevel: 'warning',
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`Cannot bundle ${ENTRY}: esbuild wrote nothing`);
  return output.contents;
}

/** Lines and names stay in bytecode, the text does not. */
function compileProgram(module: Uint8Array): Uint8Array {
  const args = ['run', '--locked', '--quiet', '-p', 'cocon-device', '--bin', 'cocon-compile', '--', NAME];
  return cargo(args, {}, ['pipe', 'pipe', 'inherit'], module);
}

function compileBinary(): void {
  const args = ['build', '--locked', '-p', 'cocon-device', '--bin', NAME, '--features', 'program'];
  // std from source, for Debian has none for musl, and without the unwinder: the profile aborts on a panic.
  const unstable = ['-Zbuild-std=std,panic_abort', '-Zbuild-std-features=', '-Ztrim-paths'];
  const env = {
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER: 'musl-gcc',
    // Not position-independent: Debian's musl-gcc cannot link a static PIE.
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS:
      '-C target-feature=+crt-static -C relocation-model=static -C link-self-contained=no',
    CC_x86_64_unknown_linux_musl: 'musl-gcc',
    // For the assertions of QuickJS-ng, which name their file.
    CFLAGS_x86_64_unknown_linux_musl: `-ffile-prefix-map=${ROOT}=.`,
    CARGO_PROFILE_DEVICE_TRIM_PATHS: 'all',
  };
  cargo([...args, '--target', TARGET, '--profile', 'device', ...unstable], env, 'inherit');
}

function cargo(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdio: StdioOptions,
  input?: Uint8Array,
): Uint8Array {
  const { status, stdout } = spawnSync(join(ROOT, 'scripts/cargo'), args, {
    cwd: ROOT,
    env: { ...process.env, CARGO_TARGET_DIR: join(ROOT, 'target'), ...env },
    stdio,
    ...(input === undefined ? {} : { input }),
    maxBuffer: 64 << 20,
  });
  if (status !== 0) process.exit(1);
  return stdout;
}

function writeChanged(path: string, bytes: Uint8Array): void {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
  if (isThere && readFileSync(path).equals(bytes)) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

const module = await bundle();
const bytecode = compileProgram(module);
writeChanged(BYTECODE, bytecode);
compileBinary();
process.stderr.write(
  `${BINARY}: ${statSync(BINARY).size} bytes, of them ${bytecode.length} of bytecode from ${module.length} of JavaScript\n`,
);
