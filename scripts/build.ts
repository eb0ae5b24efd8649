/** Builds the native products: the Node addon, the boot loader, the bundle of the device's updater. Cargo decides what is stale. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const LOGS = join(ROOT, 'out/logs');

interface Product {
  readonly name: string;
  readonly command: readonly string[];
}

const PRODUCTS: readonly Product[] = [
  { name: 'addon', command: ['npm', 'run', '--silent', 'build', '-w', 'native'] },
  { name: 'boot loader', command: ['bash', 'scripts/build-loader'] },
  { name: 'updater bundle', command: ['bash', 'scripts/node', 'native/device/bundle.ts'] },
];

mkdirSync(LOGS, { recursive: true });
for (const product of PRODUCTS) {
  const log = join(LOGS, `${product.name.replaceAll(' ', '-')}.log`);
  const [program = '', ...args] = product.command;
  process.stderr.write(`setup: building the ${product.name} … `);
  const began = Date.now();
  const result = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 << 20 });
  writeFileSync(log, `${result.stdout}\n${result.stderr}`);
  if (result.status !== 0) {
    const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-30).join('\n');
    process.stderr.write(`failed\n${tail}\nhint: the whole log is ${log}\n`);
    process.exit(1);
  }
  process.stderr.write(`${((Date.now() - began) / 1000).toFixed(1)} s\n`);
}
