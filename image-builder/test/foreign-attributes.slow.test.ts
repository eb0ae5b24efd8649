/** Extended attributes that Linux has no place for, and more of them than an archive takes. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';

import { beforeAll, expect, it } from 'vitest';

import { cocon, mustRun, type CoconRun } from './support/cocon.ts';
import { file, kernelLayer, tarOf, writeLayout } from './support/layout.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();
const workplace = scratch('workplace');

beforeAll(async () => {
  mkdirSync(workplace);
  await mustRun(workplace, 'keygen', 'release');
});

/** So much that a root file system has more than a block. */
const BALLAST = randomBytes(8192);

/** An image of a kernel and a file with these attributes. */
async function imageOf(xattrs: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const layout = scratch('layout');
  const tar = await tarOf([file('etc/motd', BALLAST, { xattrs })]);
  writeLayout(layout, [{ tar: await kernelLayer() }, { tar }], { execution: { Cmd: ['/bin/sh'] } });
  return `oci:${layout}`;
}

const HELD = [
  'user.note',
  'trusted.overlay.opaque',
  'security.ima',
  'system.posix_acl_access',
  `user.${'n'.repeat(250)}`,
];
const FOREIGN = ['com.apple.provenance', 'system.nfs4_acl', 'user.', `user.${'n'.repeat(251)}`];

it('leaves out what Linux cannot hold, and says so', async () => {
  const attributes = (names: readonly string[]) => new Map(names.map((name) => [name, Buffer.from(name)]));
  const [plain, mixed] = [
    await imageOf(attributes(HELD)),
    await imageOf(attributes([...HELD, ...FOREIGN].toSorted())),
  ];
  const run = async (command: string, input: string, output: string, ...more: readonly string[]) =>
    mustRun(workplace, command, input, '-o', output, ...more);
  for (const [command, ...more] of [
    ['seal', '--key', 'release.key'],
    ['bundle', '--name', 'app'],
  ] as const) {
    const outputs = [scratch('plain'), scratch('mixed')] as const;
    expect((await run(command, plain, outputs[0], ...more)).out).not.toContain('without');
    const { out } = await run(command, mixed, outputs[1], ...more);
    expect(out).toMatch(
      /^without +the extended attributes com\.apple\.provenance, system\.nfs4_acl, user\./m,
    );
    expect(JSON.parse((await run(command, mixed, outputs[1], '--json', ...more)).out)).toMatchObject({
      passedOver: [expect.stringContaining('com.apple.provenance')],
    });
    expect(readFileSync(outputs[1]).equals(readFileSync(outputs[0]))).toBe(true);
  }
});

it('takes long attributes, and names the entry that has too long ones', async () => {
  const seal = async (bytes: number): Promise<CoconRun> =>
    cocon(
      workplace,
      'seal',
      await imageOf(new Map([['user.long', Buffer.alloc(bytes, 'x')]])),
      '--key',
      'release.key',
      '-o',
      scratch('release.oci'),
    );
  expect((await seal(23_900)).status).toBe(0);
  const { status, err } = await seal(32_768);
  expect(status).toBe(1);
  expect(err).toMatch(/entry "etc\/motd" has \d+ bytes of extended attributes.*\[LAYER_ENTRY_UNSUPPORTED\]/);
  expect(err).not.toContain('erofs');
});
