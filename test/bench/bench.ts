/**
 * `npm run bench`: how this project stands next to its peers, as ratios of medians measured in one run, turn by turn.
 *
 * Writes `out/bench/report.json`. With `--check` a ratio over its limit ends with status 1; `--only=loaders`
 * and `--only=updater` run a part.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { sealFirstOs } from '../support/first-os.ts';
import { keptReleaseKey, makeDisk, ROOT, updater } from '../support/releases.ts';
import { measureBoot } from './boot-time.ts';
import { grubDisk, systemdBootDisk } from './peer-disks.ts';
import { median, spread } from './statistics.ts';

const OUT = join(ROOT, 'out/bench');
const RUNS = 5;
/** Boots under emulation spread wider than what is to be told apart. */
const BOOT_RUNS = 11;
const LARGE_BYTES = 256 * 2 ** 20;
/** Makes the kernel speak before its console driver is there. */
const EARLY_CONSOLE = 'earlyprintk=serial,ttyS0,115200';

interface Ratio {
  readonly what: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly unit: string;
  /** The ratio that must not be exceeded, where the project promises one. */
  readonly limit?: number;
}

const ratios: Ratio[] = [];

function report(ratio: Ratio): void {
  ratios.push(ratio);
  const value = median(ratio.ours) / median(ratio.theirs);
  const limit = ratio.limit === undefined ? '' : `, limit ${ratio.limit.toFixed(1)}`;
  process.stdout.write(
    `${ratio.what}: ${value.toFixed(2)}${limit}\n` +
      `    ours   ${spread(ratio.ours, ratio.unit)}\n    theirs ${spread(ratio.theirs, ratio.unit)}\n`,
  );
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const { check, only } = values;
if (only !== undefined && only !== 'loaders' && only !== 'updater')
  throw new TypeError(`Cannot take "${only}" for --only: it is loaders or updater`);

mkdirSync(OUT, { recursive: true });
const key = keptReleaseKey(join(OUT, 'bench.key'));
const publicKey = join(OUT, 'bench.pub');
writeFileSync(publicKey, key.publicPem);

if (only === undefined || only === 'loaders') await benchLoaders();
if (only === undefined || only === 'updater') {
  await benchStage();
  await benchStatus();
}

writeFileSync(
  join(OUT, 'report.json'),
  `${JSON.stringify({ cpus: cpus().length, runs: RUNS, ratios }, null, 2)}\n`,
);
const exceeded = ratios.filter(
  ({ ours, theirs, limit }) => median(ours) / median(theirs) > (limit ?? Infinity),
);
for (const { what } of exceeded) say(`over its limit: ${what}`);
if (check && exceeded.length > 0) process.exitCode = 1;

/** From the firmware's "BdsDxe: starting" to the kernel's first line. */
async function benchLoaders(): Promise<void> {
  say('building the release that all three loaders start');
  const { output } = await sealFirstOs(OUT, key, { version: 'bench', extraCommandLine: EARLY_CONSOLE });
  const disk = join(OUT, 'cocon.img');
  await makeDisk([output], disk, key);
  const kernel = join(OUT, 'vmlinuz');
  writeFileSync(
    kernel,
    execFileSync('bash', ['scripts/node', 'sdfs/bin/sdfs.ts', 'cat', disk, '0', 'kernel'], {
      cwd: ROOT,
      maxBuffer: 1 << 28,
    }),
  );
  const peer = { kernel, commandLine: `console=ttyS0,115200 ${EARLY_CONSOLE}` };
  const disks = { cocon: disk, 'systemd-boot': systemdBootDisk(OUT, peer), grub: grubDisk(OUT, peer) };
  const times: Record<keyof typeof disks, number[]> = { cocon: [], 'systemd-boot': [], grub: [] };
  for (let run = 1; run <= BOOT_RUNS; run += 1) {
    say(`loaders, round ${String(run)} of ${String(BOOT_RUNS)}`);
    for (const name of ['cocon', 'systemd-boot', 'grub'] as const) {
      times[name].push(await measureBoot(name, disks[name], join(OUT, `${name}.log`)));
    }
  }
  report({
    what: 'loader against systemd-boot',
    ours: times.cocon,
    theirs: times['systemd-boot'],
    unit: 'ms',
    limit: 1,
  });
  report({ what: 'loader against GRUB', ours: times.cocon, theirs: times.grub, unit: 'ms' });
}

/** `cocon-update stage` on the host against hashing and writing the same bytes. */
async function benchStage(): Promise<void> {
  say('sealing an artifact of 256 MiB');
  const { output: artifact } = await sealFirstOs(OUT, key, { version: 'large', ballastBytes: LARGE_BYTES });
  const volume = join(OUT, 'volume.img');
  const copy = join(OUT, 'copy');
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    say(`stage, round ${String(run)} of ${String(RUNS)}`);
    rmSync(volume, { force: true });
    must('bash', [
      'scripts/node',
      'sdfs/bin/sdfs.ts',
      'mkfs',
      volume,
      '--size',
      String(2 * LARGE_BYTES),
      '--yes',
    ]);
    ours.push(
      seconds('bash', [
        'scripts/node',
        'updater/bin/cocon-update.ts',
        'stage',
        artifact,
        '--volume',
        volume,
        '--key',
        publicKey,
        '--architecture',
        'amd64',
      ]),
    );
    rmSync(copy, { force: true });
    theirs.push(
      seconds('sh', ['-c', `sha256sum ${artifact} && dd if=${artifact} of=${copy} bs=1M conv=fsync`]),
    );
  }
  rmSync(copy, { force: true });
  report({
    what: `stage of ${String(statSync(artifact).size >> 20)} MiB against sha256sum and dd conv=fsync`,
    ours,
    theirs,
    unit: 's',
    limit: 2,
  });
}

/** Start-up of the device's program: `status` of a volume against the same on Node. */
async function benchStatus(): Promise<void> {
  const program = await updater();
  const volume = join(OUT, 'volume.img');
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    ours.push(1000 * seconds(program, ['status', '--volume', volume]));
    theirs.push(
      1000 * seconds('bash', ['scripts/node', 'updater/bin/cocon-update.ts', 'status', '--volume', volume]),
    );
  }
  report({ what: 'status of the device binary against the same on Node', ours, theirs, unit: 'ms' });
}

function seconds(program: string, args: readonly string[]): number {
  const began = performance.now();
  must(program, args);
  return (performance.now() - began) / 1000;
}

function must(program: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`"${program} ${args.join(' ')}" failed: ${error?.message ?? `${stdout}${stderr}`}`);
}
