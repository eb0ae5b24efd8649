/** `sdfs cat`: a file of a slot, its SHA-256 checked on the way. */
import { defineCommand, UsageError } from '@cocon-os/cli';

import { SdfsError } from '../errors.ts';
import { PIECE_SIZE, readPieces } from '../file-blocks.ts';
import { toHex } from '../hex.ts';
import { nodeCrypto } from '../node/node-crypto.ts';
import type { Context } from './context.ts';
import { printJson } from './print-json.ts';
import { parseSlot, VOLUME_OPTIONS, withVolume } from './volume-options.ts';

/** `sdfs cat <volume> <slot> <file>`. */
export const catCommand = defineCommand<Context, typeof VOLUME_OPTIONS>({
  name: 'cat',
  summary: 'Write a file of a slot to standard output and check its SHA-256',
  args: ['volume', 'slot', 'file'],
  options: VOLUME_OPTIONS,
  examples: [
    { title: 'What slot 0 holds', command: 'sdfs cat disk.img 0 release.json' },
    { title: 'The root file system of slot 1', command: 'sdfs cat disk.img 1 rootfs > rootfs.erofs' },
    { title: 'A small file within JSON, in base64', command: 'sdfs cat --json disk.img 0 release.sig' },
  ],
  run: (context, input) =>
    withVolume(input, async (volume) => {
      const [, slot = '', name = ''] = input.args;
      const index = parseSlot(slot);
      const file = volume.file(index, name);
      if (input.json && file.size > PIECE_SIZE) {
        throw new UsageError(
          `Cannot print "${name}" as JSON: it has ${file.size} bytes, the limit is ${PIECE_SIZE}`,
          'Leave --json out.',
        );
      }
      const hash = nodeCrypto.createSha256();
      const pieces: Uint8Array[] = [];
      for (const piece of readPieces(volume.device, file)) {
        hash.update(piece);
        if (input.json) pieces.push(piece.slice());
        else await context.writeBytes(piece);
      }
      const actual = toHex(hash.digest());
      if (actual !== file.sha256) {
        throw new SdfsError(
          'FILE_BAD_HASH',
          `Cannot vouch for "${name}" of slot ${index}: its SHA-256 is ${actual}, expected ${file.sha256}`,
          {
            hint: 'The file is damaged on the disk. Give the slot up (cocon-update rollback --slot), then stage the release again with --force.',
            facts: { slot: index, file: name, expected: file.sha256, actual },
          },
        );
      }
      if (input.json)
        printJson(context.terminal, {
          slot: index,
          ...file,
          base64: Buffer.concat(pieces).toString('base64'),
        });
    }),
});
