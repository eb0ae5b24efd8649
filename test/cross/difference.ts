/**
 * Where both readers do not agree on a volume: on what it holds, on what boots from it, or on what the loader notes of the
 * slots before it, which is foreseen by FORMAT.md §7 and the TypeScript reader.
 */
import { isDeepStrictEqual } from 'node:util';

import { bootOrder, checkSlot, hashFile, Volume, type BlockDevice } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { plainVolume } from '../vectors/plain.ts';
import { errorCode } from '../vectors/read.ts';
import { TRUSTED } from '../vectors/sample.ts';
import { bootOnce } from './boot.ts';
import { rustVolume, type Outcome } from './rust-reader.ts';

/** What they do not agree on, as text, if anything. The loader writes to the device. */
export function differenceOf(device: BlockDevice): string | undefined {
  const [rust, typescript] = [rustVolume(device), typescriptVolume(device)];
  if (!isDeepStrictEqual(rust, typescript))
    return `Rust reads ${JSON.stringify(rust)}, TypeScript reads ${JSON.stringify(typescript)}`;
  const expected = foreseenBoot(device);
  const { started } = bootOnce(device);
  if (started?.slot !== expected.slot)
    return `slot ${started?.slot} boots, slot ${expected.slot} was foreseen`;
  for (const [index, noted] of expected.noted) {
    const { state, progress, reason, detail } = Volume.open(device).slot(index);
    const found = { state, progress, reason, detail };
    if (!isDeepStrictEqual(found, noted))
      return `of slot ${index} the loader notes ${JSON.stringify(found)}, ${JSON.stringify(noted)} was foreseen`;
  }
  return undefined;
}

function typescriptVolume(device: BlockDevice): Outcome {
  try {
    return { value: plainVolume(Volume.open(device), errorCode) };
  } catch (thrown) {
    return { error: errorCode(thrown) };
  }
}

/** What the loader will start and note, by FORMAT.md §7 and the TypeScript reader. */
function foreseenBoot(device: BlockDevice): Foreseen {
  const noted = new Map<number, object>();
  const passedOver = new Set<number>();
  let volume: Volume;
  try {
    volume = Volume.open(device);
  } catch (thrown) {
    errorCode(thrown);
    return { slot: undefined, noted };
  }
  for (const index of bootOrder(volume.record, volume)) {
    const fault = faultOf(volume, index);
    if (fault === undefined) return { slot: index, noted };
    if (volume.writable) passedOver.add(index);
    if (volume.writable && isOfOneHistory(volume))
      noted.set(index, { state: 'failed', progress: 'loader', ...fault });
  }
  const lastResort = volume.record.slots
    .filter((slot) => (slot.state === 'failed' || passedOver.has(slot.index)) && slot.wasConfirmed)
    .toSorted((a, b) => b.priority - a.priority || a.index - b.index)
    .find((slot) => faultOf(volume, slot.index) === undefined);
  return { slot: lastResort?.index, noted };
}

/**
 * Whether the record that is written next will count. Sequences are compared modulo 2^64 (FORMAT.md §4.6), so a record half of
 * all numbers away, which only a forger can write, may come to count instead.
 */
function isOfOneHistory(volume: Volume): boolean {
  return volume.scanRings().every(({ result }) => {
    if ('error' in result) return true;
    return BigInt.asUintN(64, volume.record.sequence - result.record.sequence) < 2n ** 62n;
  });
}

interface Foreseen {
  readonly slot: number | undefined;
  readonly noted: ReadonlyMap<number, object>;
}

/** The reason and detail that the table of FORMAT.md §7 gives, if the slot cannot start. */
function faultOf(
  volume: Volume,
  index: number,
): { readonly reason: string; readonly detail: string } | undefined {
  try {
    const { files } = checkSlot(volume, index, {
      crypto: nodeCrypto,
      trustedKeys: [TRUSTED.publicKey],
      architecture: 'amd64',
    });
    // What the loader reads into memory; the root file system is dm-verity's business.
    const damaged = files
      .filter(({ kind }) => kind === 'kernel' || kind === 'initrd')
      .find((file) => hashFile(volume.device, file, nodeCrypto) !== file.sha256);
    return damaged === undefined ? undefined : { reason: 'hash', detail: damaged.name };
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code === 'FILE_BAD_HASH') return { reason: 'hash', detail: 'release.json' };
    return { reason: REASON_OF[code] ?? 'descriptor', detail: code };
  }
}

const REASON_OF: Readonly<Record<string, string>> = {
  RELEASE_UNTRUSTED: 'signature',
  RELEASE_BAD_SIGNATURE: 'signature',
  RELEASE_INVALID: 'release',
  RELEASE_WRONG_ARCHITECTURE: 'release',
  CMDLINE_TOO_LONG: 'release',
  RELEASE_BELOW_FLOOR: 'floor',
};
