/**
 * The table of servers that misbehave, with both programs: what each of them does next, and what it
 * says.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { FAULTS, serveFault } from '../../../cli/test/http-faults.ts';
import { artifactOf } from '../../../updater/test/support/archive.ts';
import { makeRelease, trustedKey } from '../../../updater/test/support/release.ts';
import { device, host } from './support/programs.ts';
import { writeVolume } from './support/volume-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'cocon-faults-'));
const at = (name: string): string => join(folder, name);
let file: Uint8Array = new Uint8Array(0);

beforeAll(async () => {
  writeVolume(at('fresh.img'), 16 * 1024 * 1024, makeRelease({ version: '1.0.0' }));
  writeFileSync(at('release.pub'), trustedKey.pem);
  file = await artifactOf(makeRelease({ version: '2.0.0' }));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a program says, without where the server was. */
const placeless = (text: string): string =>
  text.replaceAll(/127\.0\.0\.\d:\d+/g, 'server').replaceAll(/\d+\.\d s\b/g, '? s');

// Most of each run is a pause, which the program really makes.
describe.concurrent('cocon-update stage, on a host and on a device, from a server with', () => {
  test.each(FAULTS)('$name: $outcome', async ({ name, answer, userinfo, outcome, requests, says }) => {
    const runs = await Promise.all(
      Object.entries({ host, device }).map(async ([who, program]) => {
        const volume = at(`${name.replaceAll(/\W/g, '-')}-${who}.img`);
        copyFileSync(at('fresh.img'), volume);
        const server = await serveFault({ answer, ...(userinfo === undefined ? {} : { userinfo }) }, file);
        try {
          const place = ['--volume', volume, '--key', at('release.pub')];
          const { status, out, err } = await program([
            'stage',
            server.url,
            ...place,
            '--progress',
            'none',
            '--json',
          ]);
          return { status, out, err, requests: server.requests };
        } finally {
          server.close();
        }
      }),
    );
    for (const { status, out, err, requests: seen } of runs) {
      expect(seen).toEqual(requests);
      expect({ status, err }).toMatchObject({ status: outcome === 'whole' ? 0 : 1 });
      if (outcome !== 'whole') {
        expect(JSON.parse(out)).toMatchObject({ error: { code: outcome } });
        expect(err).toContain(`[${outcome}]\nhint: `);
      }
      expect(err).toMatch(says ?? /^/);
      expect(`${out}${err}`).not.toMatch(/secret-word|p%40ss|p@ss/);
    }
    const [first, second] = runs;
    expect(placeless(second?.err ?? '')).toBe(placeless(first?.err ?? ''));
  });
});
