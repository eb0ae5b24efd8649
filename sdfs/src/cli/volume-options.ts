/** How every command names its volume, and opens it. */
import { UsageError, type OptionSpec } from '@cocon-os/cli';

import type { OpenMode } from '../node/file-device.ts';
import { openVolumeDevice, type PlacedVolume } from '../node/open-volume-device.ts';
import { Volume } from '../volume.ts';

/** The option of every command. */
export const VOLUME_OPTIONS = {
  partition: {
    type: 'number',
    value: '<number>',
    help: 'Partition of the disk image or disk, when it has several of type SDFS',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** What a command was told about its volume. */
export interface VolumeInput {
  readonly args: readonly string[];
  readonly options: { readonly partition: number | undefined };
}

/** Finds the volume of the first argument, hands over its device and place, and closes it whatever happens. */
export async function withDevice<Value>(
  { args, options }: VolumeInput,
  mode: OpenMode,
  use: (placed: PlacedVolume) => Value | Promise<Value>,
): Promise<Value> {
  const [path = ''] = args;
  const placed = openVolumeDevice(path, mode, options);
  try {
    return await use(placed);
  } finally {
    placed.device.close();
  }
}

/** Opens the volume of the first argument for reading. */
export function withVolume<Value>(
  input: VolumeInput,
  use: (volume: Volume) => Value | Promise<Value>,
): Promise<Value> {
  return withDevice(input, 'read', ({ device }) => use(Volume.open(device)));
}

/** The number of a slot as it was typed. */
export function parseSlot(text: string): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  throw new UsageError(
    `Cannot read "${text}" as the number of a slot`,
    'Slots are numbered from 0; sdfs info lists them.',
  );
}
