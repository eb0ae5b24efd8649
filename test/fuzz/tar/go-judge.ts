/** Go's archive/tar, asked for many archives at once. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { CoconError } from '@cocon-os/cli';
import { z } from 'zod';

import type { Archive } from './generate.ts';

const text = z.string().transform((base64) => Buffer.from(base64, 'base64').toString('latin1'));
const number = z.number();

const reading = z.object({
  Entries: z.array(
    z.object({
      Name: text,
      Linkname: text,
      Contents: text,
      Flag: number.transform((flag) => String.fromCharCode(flag)),
      Size: number,
      Mode: number,
      Uid: number,
      Gid: number,
      Seconds: number,
      Nanoseconds: number,
      Devmajor: number,
      Devminor: number,
      Xattrs: z.record(z.string(), text),
    }),
  ),
  Error: z.string(),
});

/** What Go makes of an archive. Text is byte strings. */
export type GoReading = z.infer<typeof reading>;

const GO_CACHE = join(import.meta.dirname, '../../../out/fuzz/go-cache');

/** Compiles the program into `directory`. Throws `FUZZ_FAILED`. */
export function buildGoJudge(directory: string): string {
  const program = join(directory, 'judge');
  const built = spawnSync('go', ['build', '-o', program, join(import.meta.dirname, 'judge.go')], {
    encoding: 'utf8',
    // Newer ones than Debian 12's compile their library, too; the next run finds it.
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      GOCACHE: GO_CACHE,
      GO111MODULE: 'off',
      GOTOOLCHAIN: 'local',
    },
  });
  if (built.status === 0) return program;
  const why = built.error?.message ?? built.stderr;
  throw new CoconError('FUZZ_FAILED', `Cannot compile test/fuzz/tar/judge.go: ${why}`, {
    hint: 'Install what scripts/debian-packages.txt lists: npm run setup.',
  });
}

/** What `program` makes of each of `archives`. */
export function goReadings(program: string, archives: readonly Archive[]): readonly GoReading[] {
  const input = archives.flatMap(({ bytes }) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  const run = spawnSync(program, { input: Buffer.concat(input), encoding: 'utf8', maxBuffer: 2 ** 30 });
  const lines = run.stdout.split('\n').filter((line) => line !== '');
  if (run.status !== 0 || lines.length !== archives.length) {
    throw new CoconError(
      'FUZZ_FAILED',
      `Go read ${lines.length} of ${archives.length} archives: ${run.stderr}`,
    );
  }
  return lines.map((line) => reading.parse(JSON.parse(line)));
}
