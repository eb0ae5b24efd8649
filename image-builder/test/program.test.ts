import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { program } from '../src/program.ts';
import { cocon } from './support/cocon.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();

describe('cocon', () => {
  it('lists its commands', async () => {
    const run = await cocon('/', '--help');
    expect(run.status).toBe(0);
    expect(run.out).toMatchInlineSnapshot(`
      "cocon: builds operating systems from source, seals OCI images into releases, and writes disk images.

      Usage: cocon <command> [options]

      Commands:
        build    Build a profile for a board into an OCI image; what has not changed is taken from the store
        synth    Print the evaluated tree of a profile and board as JSON: all that builds are made of
        why      Say why a slice has to be built, or was: which input changed, from what to what, and who is hit
        graph    Show what a profile is built out of, with sizes, and what is in the store
        kernel   Say why symbols of the kernel are on or off (why), or print the kernel's configuration (config)
        shell    Open a shell in the exact sandbox of a slice's build: where it failed, or at a step of a fresh one
        verify   Compare stored layers with their digests or, with --rebuild, with a second build of the same inputs
        pins     Show whether Debian's archive still has what is pinned (check), move pins to newer point releases (update), copy their files (export), or pin packages that slices of your project build with (add)
        pin      Print the source of a slice for one of Debian's source packages, with its version and hashes
        store    Look the store through (fsck), or remove what no profile reaches (gc)
        seal     Seal an OCI image into a signed release: EROFS, dm-verity and kernel in one OCI artifact
        image    Write a disk image: boot loader, an SDFS volume with releases, and a partition for data
        bundle   Make an OCI image into a container: one read-only file that the device starts with crun
        keygen   Make an Ed25519 key pair: one part signs releases, the other goes into the boot loader
        inspect  Show what an image, a sealed release, a volume or a disk image holds, with every digest checked
        run      Boot a disk image in QEMU with its serial console in this terminal
        test     Build a profile, boot it in QEMU, run what its slices want tried, and keep its budgets

      Run cocon <command> --help for its options and examples, cocon --version for its version.
      "
    `);
  });

  it.for(program.commands)('loads $name under its name and summary', async (listed) => {
    const command = 'load' in listed ? await listed.load() : listed;
    expect(command).toMatchObject({ name: listed.name, summary: listed.summary });
  });

  it.for(program.commands.map(({ name }) => name))('explains %s with examples', async (name) => {
    const run = await cocon('/', name, '--help');
    expect(run.status).toBe(0);
    expect(run.out).toMatch(/^\S.*\n\nUsage: cocon .*\n\nOptions:\n(?: .*\n)*\nExamples:\n/);
  });

  it.for([
    ['no command', []],
    ['an unknown command', ['sael']],
    ['an unknown option', ['seal', '--frobnicate']],
    ['an option without its value', ['seal', '--key']],
    ['a missing argument', ['keygen']],
    ['a missing argument', ['inspect']],
    ['an argument too many', ['inspect', 'a', 'b']],
    ['seal without an image', ['seal']],
    ['image without a release', ['image']],
    ['image without a key', ['image', 'a.oci']],
    ['run without a disk', ['run']],
  ] as const)('ends with status 2 for %s', async ([, args]) => {
    const directory = scratch('empty');
    mkdirSync(directory);
    const run = await cocon(directory, ...args);
    expect(run.status).toBe(2);
    expect(run.out).toBe('');
    expect(run.err).toMatch(/hint: |Usage: /);
  });
});

describe('cocon keygen', () => {
  it('makes a pair whose private part only its owner reads', async () => {
    const directory = scratch('keys');
    mkdirSync(directory);
    const run = await cocon(directory, 'keygen', 'release', '--json');
    const report = JSON.parse(run.out) as { private: string; public: string; keyId: string };
    expect(report.keyId).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(report.private).mode & 0o777).toBe(0o600);
    expect(readFileSync(report.private, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(readFileSync(report.public, 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  });

  it('never overwrites a key', async () => {
    const directory = scratch('keys');
    mkdirSync(directory);
    await cocon(directory, 'keygen', 'release');
    const before = readFileSync(join(directory, 'release.key'));
    const run = await cocon(directory, 'keygen', 'release', '--json');
    expect(JSON.parse(run.out)).toMatchObject({ error: { code: 'KEY_EXISTS' } });
    expect(run.status).toBe(1);
    expect(readFileSync(join(directory, 'release.key')).equals(before)).toBe(true);
  });
});
