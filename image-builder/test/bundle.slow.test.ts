/** A bundle of an image that umoci made holds what `umoci unpack` makes of it, byte for byte the same each time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import type { BundleResult } from '../src/bundle/bundle.ts';
import { mustRun } from './support/cocon.ts';
import { extractErofs } from './support/erofs.ts';
import { makeForeignImage } from './support/foreign-image.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';
import { snapshotTree, type TreeSnapshot } from './support/tree-snapshot.ts';

const DEVICE = /^(?:character|block) device /;
const MOUNT_POINTS = ['proc', 'run', 'sys', 'tmp'];

const scratch = scratchDirectory();
let input: string;
let expected: TreeSnapshot;

beforeAll(async () => {
  const image = await makeForeignImage(scratch('foreign'));
  expected = await snapshotTree(image.expected);
  input = `oci:${image.gzip}`;
  await sh(
    'umoci config --image "$1" --config.entrypoint /usr/bin/tool --config.cmd --all --config.user 7:8 --config.workingdir /srv/app',
    image.gzip,
  );
});

async function bundle(...options: readonly string[]): Promise<BundleResult> {
  const directory = scratch('out');
  await sh('mkdir "$1"', directory);
  const { out } = await mustRun(directory, 'bundle', input, '-o', 'app.erofs', '--json', ...options);
  return JSON.parse(out) as BundleResult;
}

/** What every container has in place of its image's own. */
const NETWORK_FILES = {
  'etc/hosts': '127.0.0.1\tlocalhost app\n::1\tlocalhost ip6-localhost ip6-loopback\n',
  'etc/hostname': 'app\n',
  'etc/resolv.conf': '',
};

describe('cocon bundle of a foreign image', () => {
  it('holds its tree without device nodes, with a directory for each mount', async () => {
    const { output, passedOver } = await bundle();
    const root = scratch('unpacked');
    await extractErofs(output, root);
    const found: Record<string, string> = { ...(await snapshotTree(join(root, 'rootfs'))) };
    for (const [path, contents] of Object.entries(NETWORK_FILES)) {
      expect(readFileSync(join(root, 'rootfs', path), 'utf8')).toBe(contents);
      expect(found[path]).toMatch(/^file [0-9a-f]{64} 444 0:0 /);
      delete found[path];
    }
    const added = ['srv', 'srv/app', ...MOUNT_POINTS];
    const directories = Object.fromEntries(added.map((name) => [name, 'directory 755 0:0  ']));
    const files = Object.entries(expected).filter(([, what]) => !DEVICE.test(what));
    expect(found).toEqual({ ...Object.fromEntries(files), ...directories });
    const devices = Object.keys(expected).length - files.length;
    expect(devices).toBeGreaterThan(0);
    expect(passedOver).toEqual([`${devices} device nodes`]);
  });

  it('starts what the image starts, in its limits', async () => {
    const { output, config } = await bundle('--memory', '64MiB', '--cpus', '0.5', '--pids', '64');
    const root = scratch('unpacked');
    await extractErofs(output, root);
    const written: unknown = JSON.parse(readFileSync(join(root, 'config.json'), 'utf8'));
    expect(written).toEqual(config);
    expect(written).toMatchObject({
      hostname: 'app',
      process: { args: ['/usr/bin/tool', '--all'], user: { uid: 7, gid: 8 }, cwd: '/srv/app' },
      linux: { resources: { memory: { limit: 2 ** 26 }, cpu: { quota: 50_000 }, pids: { limit: 64 } } },
    });
  });

  it('has the same bytes each time', async () => {
    const [first, second] = [await bundle(), await bundle()];
    expect(readFileSync(first.output).equals(readFileSync(second.output))).toBe(true);
    expect(first.sha256).toBe(second.sha256);
  });
});
