/** The examples are right: loaded as they are, and one of them sealed, written to a disk and read again. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadConfig } from '../src/config/load-config.ts';
import { cocon, mustRun } from './support/cocon.ts';
import { file, kernelLayer, tarOf, writeLayout } from './support/layout.ts';
import { makeLoader } from './support/pe-image.ts';
import { scratchDirectory } from './support/scratch.ts';

const EXAMPLES = join(import.meta.dirname, '../examples');
const scratch = scratchDirectory();

describe('examples/', () => {
  it.for(readdirSync(EXAMPLES).filter((name) => name.endsWith('.config.ts')))(
    '%s passes every check',
    async (name) => {
      const { config } = await loadConfig(EXAMPLES, name);
      expect(config.seal.keys.length).toBeGreaterThan(0);
    },
  );

  it('initrd-only.config.ts makes a disk whose release has no root file system', async () => {
    const directory = scratch('rescue');
    mkdirSync(directory);
    // The copy lies outside of the workspace, where the package's name means nothing.
    const config = await loadConfig(EXAMPLES, 'initrd-only.config.ts');
    writeFileSync(join(directory, 'cocon.config.ts'), `export default ${JSON.stringify(config.config)};`);
    writeFileSync(join(directory, 'loader.efi'), makeLoader());
    const initrd = await tarOf([file('boot/initrd.img-6.1', 'an archive')]);
    writeLayout(join(directory, 'debian'), [{ tar: await kernelLayer() }, { tar: initrd }], {
      reference: '12',
    });
    await mustRun(directory, 'keygen', 'release');
    await mustRun(directory, 'seal');
    await mustRun(directory, 'image', '--loader', 'loader.efi');
    const report = JSON.parse((await cocon(directory, 'inspect', 'rescue.img', '--json')).out) as object;
    expect(report).toMatchObject({
      partitions: [{ name: 'esp' }, { name: 'cocon-system' }],
      volumes: [
        { slots: [{ state: 'confirmed', signature: 'verified', release: { initrd: { size: 10 } } }] },
      ],
    });
    expect(report).not.toHaveProperty('volumes.0.slots.0.release.rootfs');
  });
});
