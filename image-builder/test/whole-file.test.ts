import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import { wholeFile } from '../src/whole-file.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const ROOT = join(import.meta.dirname, '../..');
const scratch = scratchDirectory();

function place(): string {
  const directory = scratch('place');
  mkdirSync(directory);
  return directory;
}

const saying = (text: string) => (draft: string) =>
  Promise.resolve().then(() => {
    writeFileSync(draft, text);
    return text;
  });

vi.mock('node:fs/promises', { spy: true });

describe('wholeFile()', () => {
  it('replaces a file, and leaves nothing else', async () => {
    const directory = place();
    const output = join(directory, 'os.img');
    writeFileSync(output, 'old');
    expect(await wholeFile(output, saying('new'))).toBe('new');
    expect(readFileSync(output, 'utf8')).toBe('new');
    expect(readdirSync(directory)).toEqual(['os.img']);
  });

  it('keeps what was there when writing fails', async () => {
    const directory = place();
    const output = join(directory, 'os.img');
    writeFileSync(output, 'old');
    const failing = async (draft: string): Promise<never> => {
      await saying('half')(draft);
      throw new Error('no more');
    };
    await expect(wholeFile(output, failing)).rejects.toThrow('no more');
    expect(readdirSync(directory)).toEqual(['os.img']);
    expect(readFileSync(output, 'utf8')).toBe('old');
  });

  it('gives two writers at once a draft each', async () => {
    const output = join(place(), 'os.img');
    const begun = Promise.withResolvers<void>();
    const first = wholeFile(output, async (draft) => {
      await saying('first')(draft);
      await begun.promise;
      return readFileSync(draft, 'utf8');
    });
    await wholeFile(output, saying('second'));
    begun.resolve();
    expect(await first).toBe('first');
    expect(readFileSync(output, 'utf8')).toBe('first');
  });

  it.each([
    ['a directory', (output: string) => mkdirSync(output)],
    ['no file', (output: string) => symlinkSync('/dev/null', output)],
  ] as const)('refuses what is %s, and leaves it', async (what, make) => {
    const directory = place();
    const output = join(directory, 'os.img');
    make(output);
    await expect(wholeFile(output, saying('new'))).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: `Cannot write "${output}": it is ${what}`,
      hint: 'Name a file.',
    });
    expect(readdirSync(directory)).toEqual(['os.img']);
  });

  it('refuses a disk, and says how a file gets there', async () => {
    const output = join(place(), 'sdx');
    const { isFile, isBlockDevice } = { isFile: () => false, isBlockDevice: () => true };
    vi.mocked(stat).mockImplementationOnce(
      async () => ({ isFile, isBlockDevice, isDirectory: isFile }) as never,
    );
    await expect(wholeFile(output, saying('new'))).rejects.toMatchObject({
      message: `Cannot write "${output}": it is a disk`,
      hint: `Write a file, and then that to the disk: dd if=os.img of=${output} bs=4M conv=fsync.`,
    });
  });

  it('leaves no draft when a signal ends it', async () => {
    const directory = place();
    const script = scratch('hang.ts');
    writeFileSync(
      script,
      `import { writeFileSync } from 'node:fs';
      import { wholeFile } from '${join(ROOT, 'image-builder/src/whole-file.ts')}';
      await wholeFile('${join(directory, 'os.img')}', async (draft) => {
        writeFileSync(draft, 'half');
        process.kill(process.pid, 'SIGTERM');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`,
    );
    await expect(sh('bash "$1" "$2"', join(ROOT, 'scripts/node'), script)).rejects.toThrow('Command failed');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('says where it could not write', async () => {
    const output = join(place(), 'none/os.img');
    await expect(wholeFile(output, () => Promise.resolve())).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      facts: { path: output },
    });
  });
});
