/**
 * Containers on the device: `cocon-container` starts what `cocon bundle` has made, with crun, and all bundles in
 * /data/containers at boot.
 */
import { join } from 'node:path';

import { defineSlice, localSource } from '@cocon-os/engine';

import { baseFiles } from '../base-files/slice.ts';
import { crun } from '../crun/slice.ts';

export const containers = defineSlice({
  name: 'containers',
  version: '1',
  license: 'Apache-2.0',
  summary: 'Starts containers of read-only bundles',
  source: localSource(join(import.meta.dirname, 'files')),
  runsWith: [baseFiles, crun],
  // What bundles are mounted with, and what is shown of limits. What crun needs, crun asks for.
  kernel: (k) => [
    k.MISC_FILESYSTEMS,
    k.EROFS_FS,
    k.EROFS_FS_XATTR,
    k.EROFS_FS_ZIP,
    k.BLK_DEV,
    k.BLK_DEV_LOOP,
  ],
  build: () => ({ kind: 'entries', entries: [] }),
  outputs: { runtime: [''] },
  tests: ({ vm }) => [
    vm
      .boots()
      .run('cocon-container')
      .exits(2)
      .run('cocon-container run /nothing')
      .exits(1)
      .says(/there is no such file or device/)
      .run('cocon-container list'),
  ],
});
