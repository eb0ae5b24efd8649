/**
 * Bundles the updater's TypeScript into the one module that the slice `cocon-update` compiles for devices.
 *
 *     bash scripts/node native/device/bundle.ts
 *
 * Result: `out/device/cocon-update.js`, written only when it has changed. Two checkouts give the same bytes.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const ENTRY = join(ROOT, 'updater/src/device-main.ts');
const BUNDLE = join(ROOT, 'out/device/cocon-update.js');

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

function writeChanged(path: string, bytes: Uint8Array): void {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
  if (isThere && readFileSync(path).equals(bytes)) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

writeChanged(BUNDLE, await bundle());
