/** Every kind of bad image has a code of its own, a hint and exit status 1, and leaves no output behind. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { badImages, imageMaker } from './support/bad-images.ts';
import { cocon } from './support/cocon.ts';
import { file, kernelLayer, putBlob, tarOf, writeLayout } from './support/layout.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const scratch = scratchDirectory();
const { layoutWith, layerOf } = imageMaker(scratch);
let workplace: string;

beforeAll(async () => {
  workplace = scratch('workplace');
  mkdirSync(workplace);
  await cocon(workplace, 'keygen', 'release');
});

const ZERO_MIB = Buffer.alloc(2 ** 20);
const THOUSAND_FILES = Array.from({ length: 1000 }, (_, index) => file(`file-${index}`, ''));

describe('cocon seal', () => {
  it.for(badImages(scratch))('refuses %s with %s', async ([, code, make]) => {
    const input = await make();
    const output = scratch('release.oci');
    const run = await cocon(workplace, 'seal', input, '--key', 'release.key', '-o', output, '--json');
    const { error } = JSON.parse(run.out) as { error: { code: string; hint: string | null } };
    expect(error.code).toBe(code);
    expect(error.hint).toMatch(/\.$/);
    expect(run.status).toBe(1);
    expect(existsSync(output)).toBe(false);
    expect(readdirSync(dirname(output)).filter((name) => name.includes('.draft-'))).toEqual([]);
  });

  it.for([
    ['a bomb by its ratio', 'LAYER_BOMB', { ratio: 50 }, 'gzip'],
    ['a bomb by its ratio', 'LAYER_BOMB', { ratio: 50 }, 'zstd'],
    ['an image that is too large', 'LAYER_BOMB', { totalBytes: '32MiB' }, 'none'],
    ['too many entries', 'LAYER_TOO_MANY_ENTRIES', { entries: 900 }, 'none'],
  ] as const)('refuses %s with %s by the limits %o (%s)', async ([, code, limits, compression]) => {
    const zeros = file('zeros', '', { size: 80 * 2 ** 20, data: Array.from({ length: 80 }, () => ZERO_MIB) });
    const layout = await layoutWith({ tar: await tarOf([...THOUSAND_FILES, zeros]), compression });
    const directory = scratch('configured');
    mkdirSync(directory);
    writeFileSync(
      join(directory, 'cocon.config.ts'),
      `export default { seal: { limits: ${JSON.stringify(limits)} } };`,
    );
    const run = await cocon(directory, 'seal', layout, '--key', join(workplace, 'release.key'), '--json');
    expect(JSON.parse(run.out)).toMatchObject({ error: { code } });
    expect(run.status).toBe(1);
  });

  it('refuses to write over what is no file', async () => {
    const output = scratch('disk');
    symlinkSync('/dev/null', output);
    const run = await cocon(
      workplace,
      'seal',
      await layoutWith(),
      '--key',
      'release.key',
      '-o',
      output,
      '--json',
    );
    expect(JSON.parse(run.out)).toMatchObject({ error: { code: 'OUTPUT_FAILED', hint: 'Name a file.' } });
    expect(lstatSync(output).isSymbolicLink()).toBe(true);
  });

  it('cocon image looks at its output before it reads anything', async () => {
    const options = ['--trusted-key', 'release.pub', '-o', workplace, '--json'];
    const run = await cocon(workplace, 'image', 'none.oci', ...options);
    expect(JSON.parse(run.out)).toMatchObject({ error: { code: 'OUTPUT_FAILED', hint: 'Name a file.' } });
  });

  it('names the blob that the system does not let it read', async () => {
    const layout = await layoutWith();
    const [largest = ''] = (await sh('ls -S "$1"/blobs/sha256', layout)).split('\n');
    const path = join(layout, 'blobs/sha256', largest);
    rmSync(path);
    mkdirSync(path);
    const run = await cocon(workplace, 'seal', layout, '--key', 'release.key', '-o', scratch('x'), '--json');
    const error = { code: 'BLOB_UNREADABLE', message: expect.stringContaining(largest) as unknown };
    expect(JSON.parse(run.out)).toMatchObject({ error });
  });

  it('refuses two device trees of one name, for a release names them by that alone', async () => {
    const trees = ['boot/a/board.dtb', 'boot/b/board.dtb'].map((path) => file(path));
    const layout = await layoutWith(await layerOf(trees));
    const directory = scratch('trees');
    mkdirSync(directory);
    writeFileSync(
      join(directory, 'cocon.config.ts'),
      "export default { seal: { deviceTrees: ['/boot/a/board.dtb', '/boot/b/board.dtb'] } };",
    );
    const run = await cocon(directory, 'seal', layout, '--key', join(workplace, 'release.key'), '--json');
    expect(JSON.parse(run.out)).toMatchObject({
      error: {
        code: 'DEVICE_TREE_AMBIGUOUS',
        message: 'Cannot seal two device trees named board.dtb: /boot/a/board.dtb and /boot/b/board.dtb',
      },
    });
  });

  it('takes an index of many platforms and chooses the right one', async () => {
    const layout = await layoutWith(
      await layerOf([
        file('large', createHash('sha512').update('large').digest().toString('hex').repeat(64)),
      ]),
    );
    const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: object[] };
    const nested = putBlob(
      layout,
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          manifests: [
            {
              ...index.manifests[0],
              digest: `sha256:${'1'.repeat(64)}`,
              platform: { os: 'linux', architecture: 'arm64' },
            },
            { ...index.manifests[0], platform: { os: 'linux', architecture: 'amd64' } },
          ],
        }),
      ),
      'application/vnd.oci.image.index.v1+json',
    );
    writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [nested] }));
    const run = await cocon(workplace, 'seal', layout, '--key', 'release.key', '-o', scratch('release.oci'));
    expect(run.err).not.toContain('hint');
    expect(run.status).toBe(0);
  });

  it.for([
    ['no key', ['seal', 'image'], 'KEY_NOT_FOUND'],
    ['a key that is not there', ['seal', 'image', '--key', 'other.key'], 'KEY_NOT_FOUND'],
    ['a key that is none', ['seal', 'image', '--key', 'cocon.config.ts'], 'KEY_INVALID'],
    ['a public key', ['seal', 'image', '--key', 'release.pub'], 'KEY_INVALID'],
  ] as const)('refuses %s', async ([, args, code]) => {
    const directory = scratch('keys');
    mkdirSync(directory);
    await cocon(directory, 'keygen', 'release');
    writeFileSync(join(directory, 'cocon.config.ts'), 'export default {};');
    writeLayout(join(directory, 'image'), [{ tar: await kernelLayer() }]);
    const run = await cocon(directory, ...args, '--json');
    expect(JSON.parse(run.out)).toMatchObject({ error: { code } });
    expect(run.status).toBe(1);
  });
});
