/** The program `cocon`. */
import type { Program } from '@cocon-os/cli';
import { sliceCommands } from '@cocon-os/slices/commands';

import { bundle } from './commands/bundle.ts';
import type { BuilderContext } from './commands/context.ts';
import { image } from './commands/image.ts';
import { inspect } from './commands/inspect.ts';
import { keygen } from './commands/keygen.ts';
import { run } from './commands/run.ts';
import { seal } from './commands/seal.ts';

export const program: Program<BuilderContext> = {
  name: 'cocon',
  summary:
    'cocon: builds operating systems from source, seals OCI images into releases, and writes disk images.',
  commands: [seal, image, bundle, keygen, inspect, run, ...sliceCommands],
};
