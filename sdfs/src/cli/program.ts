/** The command line tool `sdfs`. */
import type { Program } from '@cocon-os/cli';

import { catCommand } from './cat.ts';
import type { Context } from './context.ts';
import { dumpCommand } from './dump.ts';
import { fsckCommand } from './fsck.ts';
import { infoCommand } from './info.ts';
import { lsCommand } from './ls.ts';
import { mkfsCommand } from './mkfs.ts';

/** All its commands. */
export const sdfsProgram: Program<Context> = {
  name: 'sdfs',
  summary: 'Make, look at and check SDFS volumes: image files, partitions in disk images, block devices',
  commands: [mkfsCommand, infoCommand, lsCommand, catCommand, fsckCommand, dumpCommand],
};
