/** The processor that a volume's releases must be for. */
import { UsageError } from '@cocon-os/cli';
import { ARCHITECTURES, isSdfsError, type Architecture, type Volume } from '@cocon-os/sdfs';

import type { OpenVolume } from './open-volume.ts';
import type { Platform } from './platform.ts';

/** As named, else that of the running release, else that of any release on the volume, else this machine's. */
export function targetArchitecture(
  platform: Platform,
  { volume, running }: OpenVolume,
  named: string | undefined,
): Architecture {
  const wanted = named ?? installedArchitecture(volume, running) ?? platform.architecture;
  const known = ARCHITECTURES.find((each) => each === wanted);
  if (known !== undefined) return known;
  throw new UsageError(
    `Cannot stage for "${wanted}": there is no such architecture`,
    `Known are ${ARCHITECTURES.join(', ')}.`,
  );
}

function installedArchitecture(volume: Volume, running: number | undefined): string | undefined {
  const slots = volume
    .liveSlots()
    .toSorted((a, b) => Number(b.index === running) - Number(a.index === running));
  for (const slot of slots) {
    try {
      return volume.release(slot.index).architecture;
    } catch (thrown) {
      // A damaged slot says nothing; the next one may.
      if (!isSdfsError(thrown)) throw thrown;
    }
  }
  return undefined;
}
