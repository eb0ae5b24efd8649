/**
 * Kernels that take minutes each: whatever is offered compiles, a change of two options is quick,
 * and real network cards work.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { nodeTerminal } from '@cocon-os/cli/node';
import { cacheDirectory } from '@cocon-os/engine/build';
import { defineMachine, makeScratch, startMachine } from '@cocon-os/qemu';
import { afterAll, describe, expect, test } from 'vitest';

import { Guest } from '../boot/guest.ts';
import { sealProfile } from '../support/profile-os.ts';
import { createReleaseKey, logPath, makeDisk, ROOT } from '../support/releases.ts';

const scratch = makeScratch('all');
afterAll(() => scratch[Symbol.dispose]());

interface BuiltKernel {
  readonly digest: string;
  readonly seconds: number;
}

/** Builds the kernel of `embedded` for a board of this directory, or of the repository. */
function buildKernel(board: string, { cache = '', options = [] as readonly string[] } = {}): BuiltKernel {
  const program = ['scripts/node', 'image-builder/bin/cocon.ts'].map((path) => join(ROOT, path));
  const began = performance.now();
  const { status, stdout } = spawnSync(
    'bash',
    [...program, 'build', 'embedded', '--board', board, '--target', 'linux', '--json', ...options],
    {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...(cache === '' ? {} : { COCON_CACHE: cache }) },
    },
  );
  expect(status).toBe(0);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by `cocon build --json`
  const { nodes } = JSON.parse(stdout) as {
    readonly nodes: readonly {
      readonly id: string;
      readonly outputs: { readonly runtime?: { readonly digest: string } };
    }[];
  };
  const digest = nodes.find(({ id }) => id.startsWith('linux@'))?.outputs.runtime?.digest ?? '';
  return { digest, seconds: (performance.now() - began) / 1000 };
}

/**
 * A cache with nothing built in it, which shares what was downloaded and unpacked: those are the
 * same by their names.
 */
function emptyCache(name: string): string {
  const root = scratch.file(name);
  mkdirSync(root);
  const usual = cacheDirectory();
  for (const part of ['toolchain', 'sources', 'apt', 'kconfig'] as const)
    symlinkSync(join(usual.root, part), join(root, part));
  return root;
}

test('the kernel of a board with everything compiles: cards of six makers, Wi-Fi, sensors, sound, displays, USB, cameras', () => {
  expect(buildKernel('wide').digest).toMatch(/^sha256:/);
});

test('a second configuration takes at most a third of the first, and comes to the bytes that it comes to from nothing', () => {
  const kept = emptyCache('kept');
  const first = buildKernel('pc', { cache: kept });
  const second = buildKernel('cards', { cache: kept });
  const fromNothing = buildKernel('cards', {
    cache: emptyCache('nothing'),
    options: ['--no-compiler-cache'],
  });
  expect(second.digest).toBe(fromNothing.digest);
  expect(second.digest).not.toBe(first.digest);
  const ratio = second.seconds / first.seconds;
  nodeTerminal.err(`second configuration of the kernel: ${ratio.toFixed(2)} of the first\n`);
  expect(ratio).toBeLessThan(1 / 3);
});

describe('a network card', () => {
  const key = createReleaseKey();
  test.each(['e1000e', 'rtl8139'])('%s gets a lease', async (card) => {
    const directory = scratch.file(card);
    mkdirSync(directory);
    const os = { profile: 'embedded', board: 'cards', cwd: import.meta.dirname, version: '1' };
    const { sealed } = await sealProfile(directory, key, os);
    const disk = join(directory, 'disk.img');
    await makeDisk([sealed.output], disk, key);
    const machine = defineMachine({
      name: `card-${card}`,
      memoryMiB: 256,
      disks: [{ path: disk }],
      extraArguments: ['-netdev', 'user,id=lan', '-device', `${card},netdev=lan,romfile=`],
    });
    await using running = await startMachine(machine, { log: logPath(`card-${card}`) });
    const guest = new Guest(running);
    await guest.booted();
    await guest.online();
    const driver = await guest.run('basename "$(readlink /sys/class/net/eth0/device/driver)"');
    expect(driver.output.trim()).toBe(card === 'rtl8139' ? '8139cp' : card);
    expect((await guest.run('ip -4 addr show dev eth0')).output).toContain('inet 10.0.2.15/24');
    await guest.shutDown();
  });
});
