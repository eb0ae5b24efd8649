/** The program `cocon`. What a command imports is loaded when it runs, so that the quick ones are quick. */
import type { Program } from '@cocon-os/cli';
import { sliceCommands, type Sealer } from '@cocon-os/engine/commands';

import type { BuilderContext } from './commands/context.ts';

const sealer: Sealer = {
  key: async (cwd) => (await import('./seal/seal-key.ts')).sealKey(cwd),
  publicKey: async (path) => (await import('./keys.ts')).readPublicPem(path),
  measure: async (image, cwd) => (await import('./seal/measure-image.ts')).measureImage(image, cwd),
};

export const program: Program<BuilderContext> = {
  name: 'cocon',
  summary:
    'cocon: builds operating systems from source, seals OCI images into releases, and writes disk images.',
  commands: [
    ...sliceCommands(sealer),
    {
      name: 'seal',
      summary: 'Seal an OCI image into a signed release: EROFS, dm-verity and kernel in one OCI artifact',
      load: async () => (await import('./commands/seal.ts')).seal,
    },
    {
      name: 'image',
      summary: 'Write a disk image: boot loader, an SDFS volume with releases, and a partition for data',
      load: async () => (await import('./commands/image.ts')).image,
    },
    {
      name: 'bundle',
      summary: 'Make an OCI image into a container: one read-only file that the device starts with crun',
      load: async () => (await import('./commands/bundle.ts')).bundle,
    },
    {
      name: 'keygen',
      summary: 'Make an Ed25519 key pair: one part signs releases, the other goes into the boot loader',
      load: async () => (await import('./commands/keygen.ts')).keygen,
    },
    {
      name: 'inspect',
      summary:
        'Show what an image, a sealed release, a volume or a disk image holds, with every digest checked',
      load: async () => (await import('./commands/inspect.ts')).inspect,
    },
    {
      name: 'run',
      summary: 'Boot a disk image in QEMU with its serial console in this terminal',
      load: async () => (await import('./commands/run.ts')).run,
    },
    {
      name: 'test',
      summary: 'Build a profile, boot it in QEMU, run what its slices want tried, and keep its budgets',
      load: async () => (await import('./commands/test.ts')).test,
    },
  ],
};
