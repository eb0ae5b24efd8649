/**
 * A device between two events: its disk, what on it is damaged, and what the machine is doing. Two states with the same key
 * have the same future, because nothing decides by what the key leaves out: the names of releases, the numbers of records and
 * generations, and what is noted of slots that have failed.
 */
import { isOpen, isRefused, LIMITS, mkfs, Volume, type BootRecord, type Slot } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import type { LastBoot } from '../../cross/boot.ts';
import { BlocksDevice, type Blocks } from '../blocks-device.ts';
import type { TinyRelease } from './releases.ts';

/** What of a slot is damaged. */
export type Damage = 'descriptor' | 'kernel';

/** The machine: off, and how it came to that, or running a slot. */
export type Running =
  | { readonly phase: 'off'; readonly lastBoot: LastBoot }
  | { readonly phase: 'kernel' | 'init' | 'healthy'; readonly slot: number };

export interface State {
  readonly blocks: Blocks;
  readonly record: BootRecord;
  /** By slot. */
  readonly damage: readonly (Damage | undefined)[];
  readonly running: Running;
}

/** What does not change: the volume's slots and the releases that there are. */
export interface World {
  readonly slots: number;
  readonly attempts: number;
  /** Orderly shutdowns of a trial that are not charged; where there are none, nobody shuts the device down in good order. */
  readonly freeShutdowns: number;
  readonly releases: readonly TinyRelease[];
  /** What of a slot can be damaged. */
  readonly damages: readonly Damage[];
}

const GROUP_BLOCKS = 16;
const UUID = '01234567-89ab-4cde-8f01-23456789abcd';

/** An empty volume on a machine that is off. */
export function emptyState({ slots }: World): State {
  const blocks = Array.from({ length: (3 + slots) * GROUP_BLOCKS + 1 }, () => undefined);
  const device = new BlocksDevice(blocks);
  mkfs(device, { slots, groupBlocks: GROUP_BLOCKS, ringRecords: 2, uuid: UUID }, nodeCrypto);
  return readState(device, { phase: 'off', lastBoot: 'power-lost' });
}

/** The state that a device is in. A slot that was filled anew or emptied since `before` is no longer damaged. */
export function readState(device: BlocksDevice, running: Running, before?: State): State {
  const volume = Volume.open(device);
  const { record } = volume;
  const damage = record.slots.map(({ index, state, generation }) => {
    const same = state !== 'empty' && generation === before?.record.slots[index]?.generation;
    return same ? before?.damage[index] : undefined;
  });
  return { blocks: onlyRecord(device.blocks, volume), record, damage, running };
}

/** Without the records that no longer count: the cut tests are about those. */
function onlyRecord(blocks: Blocks, { superblock, record }: Volume): Blocks {
  const kept = [...blocks];
  for (const first of superblock.ringBlocks) {
    for (let block = first; block < first + superblock.ringRecords; block += 1) {
      if (block !== record.block) kept[block] = undefined;
    }
  }
  return kept;
}

/** The state with a byte of a slot's descriptor or kernel changed. */
export function damaged(state: State, slot: Slot, damage: Damage): State {
  const volume = Volume.open(new BlocksDevice(state.blocks));
  const kernel = volume.descriptor(slot.index).files.find(({ name }) => name === 'kernel');
  const block = damage === 'kernel' ? (kernel?.extents[0]?.start ?? 0) : slot.descriptorBlock;
  const bytes = state.blocks[block]?.slice() ?? new Uint8Array(LIMITS.BLOCK_SIZE);
  bytes[40] = (bytes[40] ?? 0) ^ 0xff;
  return {
    ...state,
    blocks: state.blocks.with(block, bytes),
    damage: state.damage.with(slot.index, damage),
  };
}

/** Whether the loader could ever start a slot as it is. */
export function mayBoot({ state, wasConfirmed }: Slot): boolean {
  return state === 'trial' || state === 'confirmed' || (state === 'failed' && wasConfirmed);
}

/** Orderly shutdowns of a trial that will not be charged. */
export function shutdownsLeft({ shutdowns }: Slot): number {
  return Math.max(0, LIMITS.FREE_SHUTDOWNS - shutdowns);
}

/** Equal for states that have the same future. */
export function keyOf({ record, damage, running }: State, { releases }: World): string {
  const refused = new Map(record.failures.map((failure) => [failure.releaseDigest, isRefused(failure)]));
  const failed = (digest: string): string => {
    const known = refused.get(digest);
    return known === undefined ? '' : known ? 'f' : 's';
  };
  const seen: string[] = [];
  // Releases are called by the order in which the slots have them first.
  const nameOf = (digest: string): number => {
    const known = seen.indexOf(digest);
    return known < 0 ? seen.push(digest) - 1 : known;
  };
  const versionOf = (digest: string): number | undefined =>
    releases.find(({ signed }) => signed.digest === digest)?.securityVersion;
  const ranks = record.slots.filter(mayBoot).toSorted((a, b) => a.priority - b.priority || b.index - a.index);
  const slots = record.slots.map((slot) => {
    if (slot.state === 'empty') return '-';
    const release = [
      slot.state,
      nameOf(slot.releaseDigest),
      versionOf(slot.releaseDigest),
      failed(slot.releaseDigest),
    ];
    // Of a slot that cannot boot the damage counts too: while there is one, no other slot is damaged.
    const harm = damage[slot.index] ?? 'whole';
    const boots = mayBoot(slot) ? [slot.wasConfirmed, ranks.indexOf(slot), harm] : [harm];
    const trial =
      slot.state === 'trial'
        ? [slot.attemptsLeft, slot.interruptionsLeft, shutdownsLeft(slot), endOf(slot)]
        : [];
    return [...release, ...boots, ...trial].join(' ');
  });
  const elsewhere = releases
    .filter(({ signed }) => !seen.includes(signed.digest))
    .map(({ signed, securityVersion }) => `${securityVersion}${failed(signed.digest)}`)
    .toSorted()
    .join();
  const off = record.slots.some(isOpen) && running.phase === 'off' ? running.lastBoot : 'off';
  const doing = running.phase === 'off' ? off : `${running.phase} ${running.slot}`;
  return `${record.floor}|${doing}|${slots.join('|')}|${elsewhere}`;
}

/**
 * How the last attempt of a trial ended. While nobody has said that, it matters how the machine was switched off; after an
 * orderly shutdown, that user space may run once more, and what the release is given up for.
 */
function endOf(slot: Slot): string {
  if (isOpen(slot)) return 'open';
  return slot.reason === 'shutdown' ? 'shutdown' : 'told';
}
