/** What the TypeScript reader makes of a case. */
import {
  fromHex,
  isSdfsError,
  MemoryDevice,
  parseDescriptor,
  parseRecord,
  parseRelease,
  parseSuperblock,
  verifySignatures,
  Volume,
} from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { inputOf, type Case, type Manifest } from './layout.ts';
import { plainDescriptor, plainRecord, plainRelease, plainSuperblock, plainVolume } from './plain.ts';

/** The value as plain JSON, or the error's code. */
export function readCase(manifest: Manifest, each: Case): Case['expect'] {
  try {
    return { value: readValue(manifest, each) };
  } catch (thrown) {
    return { error: errorCode(thrown) };
  }
}

/** The code of an error of the reader; anything else is thrown on. */
export function errorCode(thrown: unknown): string {
  if (isSdfsError(thrown)) return thrown.code;
  throw thrown;
}

function readValue(manifest: Manifest, each: Case): unknown {
  const input = inputOf(manifest, each);
  const base = (name: string): Uint8Array => inputOf(manifest, { base: name, edits: [] });
  const superblock = () => parseSuperblock(base('superblock'), 'A', MANY_BLOCKS);
  const trustedKeys = manifest.trustedKeys.map(fromHex);
  switch (each.structure) {
    case 'superblock':
      return plainSuperblock(parseSuperblock(input, each.copy ?? 'A', each.deviceBlocks ?? 0));
    case 'record':
      return plainRecord(parseRecord(input, each.block ?? 0, superblock()));
    case 'descriptor': {
      const record = parseRecord(base('record'), RECORD_BLOCK, superblock());
      const slot = record.slots[each.slot ?? 0];
      if (slot === undefined) throw new RangeError(`No slot ${each.slot} in the base record`);
      return plainDescriptor(parseDescriptor(input, superblock(), slot));
    }
    case 'release':
      return plainRelease(parseRelease(input));
    case 'signature':
      return { keyId: verifySignatures(base('release'), input, trustedKeys, nodeCrypto) };
    case 'volume': {
      const device = new MemoryDevice(input.length);
      device.write(0, input);
      return plainVolume(Volume.open(device), errorCode);
    }
  }
}

/** The block to which the base record belongs. */
export const RECORD_BLOCK = 16;
/** A device on which no volume is too large. */
export const MANY_BLOCKS = 2 ** 40;
