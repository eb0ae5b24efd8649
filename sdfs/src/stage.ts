/**
 * Fills a slot with a release: mark the target empty → write the new blocks and the descriptor → read back and verify →
 * publish as a trial. Each arrow is a flush (FORMAT.md §8).
 *
 * Everything that can be refused is refused before the first write. A stage that is cut short leaves an empty slot.
 */
import { silentProgress, type Progress } from '@cocon-os/cli';

import type { Crypto } from './block-device.ts';
import { freeRuns } from './allocator.ts';
import { checkSlot } from './check-slot.ts';
import { checkCommandLineLimit } from './command-line.ts';
import { isFileName, readDescriptor, type SlotFile } from './descriptor.ts';
import { isSdfsError, SdfsError } from './errors.ts';
import { hashFile } from './file-blocks.ts';
import { FileWriter } from './file-writer.ts';
import { BLOCK_SIZE, LIMITS } from './format.ts';
import { isRefused, type BootRecord, type Slot } from './record.ts';
import { releaseFiles, type ReleaseFile, type SignedRelease } from './release.ts';
import type { Architecture } from './release-schema.ts';
import { sha256Hex } from './sha256.ts';
import { layOut, type SlotLayout } from './slot-layout.ts';
import { chooseTarget, renumberedPriorities } from './target-slot.ts';
import type { Volume } from './volume.ts';

/** What a stage is told. */
export interface StageOptions {
  readonly crypto: Crypto;
  /**
   * Raw Ed25519 public keys: a slot that none of them signed does not boot, and is no way back, except the running one.
   * Signatures of the volume's slots are not looked at when they are not given.
   */
  readonly trustedKeys?: readonly Uint8Array[] | undefined;
  /** The slot that this machine runs from; it is never overwritten. */
  readonly runningSlot?: number | undefined;
  /** Stage also what failed on this volume before. */
  readonly force?: boolean | undefined;
  /** The machine's processor; releases for others are refused. Not looked at when it is not given. */
  readonly architecture?: Architecture | undefined;
  /** Unix seconds; 0 = not known. */
  readonly time?: number | undefined;
  readonly progress?: Progress | undefined;
}

/**
 * Chooses a slot, marks it empty and returns the session that fills it.
 *
 * Throws, with the volume as it was: `SDFS_READ_ONLY`, `RELEASE_WRONG_ARCHITECTURE`, `RELEASE_BELOW_FLOOR`,
 * `RELEASE_INVALID`, `RELEASE_FAILED_BEFORE`, `RELEASE_PRESENT`, `SLOT_BUSY`, `VOLUME_FULL`, `CMDLINE_TOO_LONG`, and the
 * codes of FORMAT.md §5.5 when a live slot's descriptor cannot be read.
 */
export function stage(volume: Volume, signed: SignedRelease, options: StageOptions): StageSession {
  volume.checkWritable();
  checkRelease(volume.record, signed, options);
  const target = chooseTarget(volume.record, options.runningSlot, isWhole(volume, options));
  const generation = nextGeneration(volume.record);
  const identity = { slot: target.index, generation, releaseDigest: signed.digest };
  const free = freeRuns(volume, target.index, options.runningSlot);
  const layout = layOut(volume.superblock, free, filesOf(signed, options.crypto), identity);
  checkCommandLineLimit({ signed, slot: target.index, files: layout.files, superblock: volume.superblock });

  const stamp = { writer: 'updater', time: options.time ?? 0 } as const;
  volume.write((draft) => draft.clearSlot(target.index), stamp);
  return new StageSession(volume, signed, layout, { index: target.index, generation }, options);
}

/** A stage under way: write each of {@link files} once, then {@link finish}. */
export class StageSession {
  /** The slot that is being filled. */
  readonly slot: number;
  readonly generation: bigint;
  /** The files to write, in any order. release.json and release.sig are written by the session. */
  readonly files: readonly SlotFile[];
  readonly #volume: Volume;
  readonly #signed: SignedRelease;
  readonly #layout: SlotLayout;
  readonly #options: StageOptions;
  readonly #writers = new Map<string, FileWriter>();

  /** Made by {@link stage}. */
  constructor(
    volume: Volume,
    signed: SignedRelease,
    layout: SlotLayout,
    target: { readonly index: number; readonly generation: bigint },
    options: StageOptions,
  ) {
    this.slot = target.index;
    this.generation = target.generation;
    this.files = layout.files.filter((file) => file.kind !== 'release.json' && file.kind !== 'release.sig');
    this.#volume = volume;
    this.#signed = signed;
    this.#layout = layout;
    this.#options = options;
  }

  /** The writer of a file, always the same one. Throws `FILE_NOT_FOUND` for a name that the release does not have. */
  writer(name: string): FileWriter {
    const known = this.#writers.get(name);
    if (known !== undefined) return known;
    const file = this.#layout.files.find((each) => each.name === name);
    if (file === undefined) {
      throw new SdfsError('FILE_NOT_FOUND', `Cannot stage "${name}": the release does not name it`, {
        hint: `It names ${this.files.map((each) => each.name).join(', ')}.`,
      });
    }
    const writer = new FileWriter(this.#volume.device, file, this.#options.crypto);
    this.#writers.set(name, writer);
    return writer;
  }

  /**
   * Writes the descriptor, flushes, reads everything back from the medium, and publishes the slot as a trial.
   *
   * Throws `RELEASE_INVALID` when a file is missing, `FILE_BAD_HASH` or a code of FORMAT.md §5.5 when something reads
   * back different, `SDFS_IO`, `SDFS_READ_ONLY`. The slot is empty then.
   */
  finish(): Slot {
    const { json, signature } = this.#signed;
    for (const [name, bytes] of [
      ['release.json', json],
      ['release.sig', signature],
    ] as const) {
      const writer = this.writer(name);
      writer.write(bytes);
      writer.close();
    }
    const missing = this.files.find((file) => this.#writers.get(file.name)?.closed !== true);
    if (missing !== undefined) {
      throw new SdfsError(
        'RELEASE_INVALID',
        `Cannot finish staging: "${missing.name}" has not been written whole`,
        {
          facts: { file: missing.name },
        },
      );
    }
    const { device } = this.#volume;
    device.write(this.#layout.descriptorBlock * BLOCK_SIZE, this.#layout.descriptor);
    device.flush();
    this.#readBack();
    return this.#publish();
  }

  #readBack(): void {
    const { device, superblock } = this.#volume;
    const { crypto, progress = silentProgress } = this.#options;
    device.dropCaches();
    const { files } = readDescriptor(device, superblock, this.#entry());
    const total = files.reduce((sum, file) => sum + file.size, 0);
    let done = 0;
    for (const file of files) {
      const actual = hashFile(device, file, crypto, (bytes) => {
        done += bytes;
        progress.update('verify', done, total);
      });
      if (actual !== file.sha256) {
        throw new SdfsError(
          'FILE_BAD_HASH',
          `Cannot stage "${file.name}": it reads back with SHA-256 ${actual}, ${file.sha256} was written`,
          {
            hint: 'The device does not keep what it is given; replace it. The slot stays empty.',
            facts: { file: file.name, expected: file.sha256, actual },
          },
        );
      }
    }
  }

  #publish(): Slot {
    const { attempts } = this.#signed.release;
    const others = this.#volume.liveSlots();
    const stamp = { writer: 'updater', time: this.#options.time ?? 0 } as const;
    this.#volume.write((draft) => {
      for (const [index, priority] of renumberedPriorities(others)) draft.setSlot(index, { priority });
      draft.setSlot(this.slot, {
        state: 1,
        flags: 0,
        priority: others.length + 1,
        attemptsLeft: attempts,
        attemptsTotal: attempts,
        interruptionsLeft: attempts,
        shutdowns: 0,
        progress: 0,
        reason: 0,
        generation: this.generation,
        descriptorBlock: BigInt(this.#layout.descriptorBlock),
        descriptorBlocks: this.#layout.descriptor.length / BLOCK_SIZE,
        descriptorCrc: this.#layout.descriptorCrc,
        releaseDigest: this.#signed.digest,
        detail: '',
      });
    }, stamp);
    return this.#volume.slot(this.slot);
  }

  /** The slot's entry as it will be published: what the read-back checks the descriptor against. */
  #entry(): Slot {
    return {
      ...this.#volume.slot(this.slot),
      generation: this.generation,
      descriptorBlock: this.#layout.descriptorBlock,
      descriptorBlocks: this.#layout.descriptor.length / BLOCK_SIZE,
      descriptorCrc: this.#layout.descriptorCrc,
      releaseDigest: this.#signed.digest,
    };
  }
}

/** Whether a slot would boot, each answer found once: that reads all of its files. */
function isWhole(volume: Volume, options: StageOptions): (slot: Slot) => boolean {
  const { crypto, architecture, progress, runningSlot } = options;
  const known = new Map<number, boolean>();
  return ({ index }) => {
    const answer = known.get(index) ?? boots(index);
    known.set(index, answer);
    return answer;
  };
  function boots(index: number): boolean {
    // The loader has seen to the signature of what runs, and by keys that the caller may not know any more.
    const trustedKeys = index === runningSlot ? undefined : options.trustedKeys;
    try {
      checkSlot(volume, index, { crypto, trustedKeys, architecture, progress, deep: true });
      return true;
    } catch (thrown) {
      if (isSdfsError(thrown)) return false;
      throw thrown;
    }
  }
}

function checkRelease(record: BootRecord, { release, digest }: SignedRelease, options: StageOptions): void {
  const { architecture, force = false } = options;
  if (architecture !== undefined && release.architecture !== architecture) {
    throw new SdfsError(
      'RELEASE_WRONG_ARCHITECTURE',
      `Cannot stage: the release is for ${release.architecture}, this machine is ${architecture}`,
      {
        facts: { expected: architecture, actual: release.architecture },
      },
    );
  }
  if (BigInt(release.securityVersion) < record.floor) {
    throw new SdfsError(
      'RELEASE_BELOW_FLOOR',
      `Cannot stage: the release's security version is ${release.securityVersion}, the floor is ${record.floor}`,
      {
        hint: 'Stage a newer release; the floor never falls.',
        facts: { expected: String(record.floor), actual: release.securityVersion },
      },
    );
  }
  const failure = record.failures.find((each) => each.releaseDigest === digest);
  if (failure !== undefined && isRefused(failure) && !force) {
    const detail = failure.detail === '' ? '' : ` (${failure.detail})`;
    throw new SdfsError(
      'RELEASE_FAILED_BEFORE',
      `Cannot stage: release ${digest} failed on this volume before: reason ${failure.reason}${detail}, it got as far as ${failure.progress}`,
      {
        hint: 'Stage a corrected release, or this one again with --force.',
        facts: { digest, reason: failure.reason, progress: failure.progress },
      },
    );
  }
  const holder = record.slots.find(
    (slot) => slot.releaseDigest === digest && (slot.state === 'trial' || slot.state === 'confirmed'),
  );
  if (holder !== undefined) {
    throw new SdfsError(
      'RELEASE_PRESENT',
      `Cannot stage: slot ${holder.index} (${holder.state}) holds release ${digest} already`,
      {
        facts: { digest, slot: holder.index },
      },
    );
  }
}

/** All files of the slot, in the order in which they are laid out. */
function filesOf({ release, json, signature }: SignedRelease, crypto: Crypto): readonly ReleaseFile[] {
  const small = (kind: 'release.json' | 'release.sig', bytes: Uint8Array): ReleaseFile => ({
    kind,
    name: kind,
    size: bytes.length,
    sha256: sha256Hex(crypto, bytes),
  });
  const files = [small('release.json', json), small('release.sig', signature), ...releaseFiles(release)];
  const misnamed = files.find((file) => !isFileName(file.kind, file.name));
  if (misnamed !== undefined || files.length > LIMITS.MAX_FILES) {
    const fault = misnamed === undefined ? `${files.length} files` : `a file "${misnamed.name}"`;
    throw new SdfsError('RELEASE_INVALID', `Cannot stage: a slot cannot hold ${fault}`, { facts: { fault } });
  }
  return files;
}

/** One more than every generation that was ever given on the volume. */
function nextGeneration(record: BootRecord): bigint {
  const given = [...record.slots, ...record.failures].map((each) => each.generation);
  return given.reduce((highest, each) => (each > highest ? each : highest), 0n) + 1n;
}
