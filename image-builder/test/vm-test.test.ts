/** What `cocon test` makes of outputs, sizes and times, without a machine. */
import type { Release } from '@cocon-os/sdfs';
import type { VmCommand } from '@cocon-os/engine';
import type { Graph } from '@cocon-os/engine/build';
import { describe, expect, it } from 'vitest';

import { resolveImage } from '../src/oci/resolve-image.ts';
import { unpackImage } from '../src/oci/unpack.ts';
import { DEFAULT_LIMITS } from '../src/oci/decompress.ts';
import { sealedBytesOf } from '../src/seal/sealed-bytes.ts';
import { Spool } from '../src/tree/spool.ts';
import { bootRatio } from '../src/vm-test/boot-budget.ts';
import { memoryImage } from '../src/vm-test/memory-image.ts';
import { failureOf, runTests, testsOf } from '../src/vm-test/run-tests.ts';
import { cocon } from './support/cocon.ts';
import { file } from './support/layout.ts';
import { silentProgress } from '@cocon-os/cli';

describe('failureOf()', () => {
  it.for([
    [{ command: 'x', status: 0 }, 0, '', undefined],
    [{ command: 'x', status: 0 }, 1, '', 'status 1, wanted 0'],
    [{ command: 'x', status: 2 }, 2, '', undefined],
    [{ command: 'x', status: 0, output: '^b$' }, 0, 'a\nb\nc', undefined],
    [{ command: 'x', status: 0, output: '^b$' }, 0, 'ab', 'no line matches /^b$/'],
    [{ command: 'x', status: 1, output: 'b' }, 0, 'b', 'status 0, wanted 1'],
  ] as const)('says of %o with status %i and "%s": %s', ([wanted, status, output, failure]) => {
    expect(failureOf(wanted, status, output)).toBe(failure);
  });
});

const command = (text: string): VmCommand => ({ command: text, status: 0 });

describe('testsOf()', () => {
  it('takes what is in the image, in the order of the graph, then the profile', () => {
    const node = (name: string) => ({ id: `${name}@x86_64`, name, tests: [{ commands: [command(name)] }] });
    const graph = {
      nodes: [node('musl'), node('busybox'), node('crun')],
      image: ['busybox@x86_64', 'crun@x86_64'],
      tests: [{ commands: [command('all')] }],
    } as unknown as Graph;
    expect(testsOf(graph).map(({ asker }) => asker)).toEqual(['busybox', 'crun', 'profile']);
  });
});

describe('runTests()', () => {
  it('ends a test at its first failure, goes on with the next, and ends when the console is silent', async () => {
    const ran: string[] = [];
    const serial = {
      run: async (text: string) => {
        ran.push(text);
        if (text === 'hangs') throw new Error('not said within 300 s');
        return { output: text, status: text === 'fails' ? 1 : 0 };
      },
    };
    const tests = ['fails', 'works', 'hangs', 'never'].map((text) => ({
      asker: text,
      test: { commands: [command(text), command(`${text} again`)] },
    }));
    const reports = await runTests({ serial } as never, tests, () => {});
    expect(ran).toEqual(['fails', 'works', 'works again', 'hangs']);
    expect(reports.map(({ failure }) => failure)).toEqual([
      'status 1, wanted 0',
      undefined,
      undefined,
      'not said within 300 s',
    ]);
  });
});

describe('sealedBytesOf()', () => {
  it('counts all that a slot holds', () => {
    const of = (size: number) => ({ size, sha256: '' });
    const rootfs = { ...of(100), verity: { ...of(10), rootHash: '' } };
    const release = {
      kernel: of(1000),
      rootfs,
      deviceTrees: [{ name: 'a', ...of(1) }],
    } as unknown as Release;
    expect(sealedBytesOf(release)).toBe(1111);
  });
});

describe('bootRatio()', () => {
  it('compares medians', () => {
    expect(bootRatio({ ours: [2, 1, 9], theirs: [4, 4, 100] })).toBe(0.5);
    expect(bootRatio({ ours: [1, 3], theirs: [4] })).toBe(0.5);
  });
});

describe('memoryImage()', () => {
  it('is an image like any other', async () => {
    const source = await memoryImage('the test', 'amd64', [file('boot/vmlinuz', 'kernel')]);
    const spool = new Spool();
    const image = await resolveImage(source, 'amd64');
    const root = await unpackImage(source, image, spool, DEFAULT_LIMITS, silentProgress);
    expect(root.children.get('boot')?.inode.type).toBe('directory');
    spool.close();
  });
});

describe('cocon test', () => {
  it.for([
    ['no round', ['--boot-budget', '--rounds', '0']],
    ['half a round', ['--boot-budget', '--rounds', '1.5']],
    ['rounds of nothing', ['--rounds', '5']],
    ['two profiles', ['a', 'b']],
  ] as const)('ends with status 2 for %s', async ([, args]) => {
    const run = await cocon('/', 'test', ...args);
    expect(run.status).toBe(2);
    expect(run.err).toContain('hint: ');
  });

  it('ends with status 1 for a profile that is not there', async () => {
    const run = await cocon('/', 'test', 'nothing', '--json');
    expect(run.status).toBe(1);
    expect(JSON.parse(run.out)).toMatchObject({ error: { code: 'NAME_UNKNOWN' } });
  });
});
