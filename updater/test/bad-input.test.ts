/** Everything that can be wrong with what is staged: each has its own code, and the volume is as it was before. */
import {
  bootOrder,
  commit,
  isSdfsError,
  rollback,
  SdfsError,
  Volume,
  type BlockDevice,
  type MemoryDevice,
} from '@cocon-os/sdfs';
import { CoconError } from '@cocon-os/cli';
import { beforeEach, describe, expect, test } from 'vitest';

import { blobPath, stageArtifact, type StageOptions } from '../src/index.ts';
import {
  artifactEntries,
  artifactOf,
  indexOf,
  jsonEntry,
  manifestOf,
  replaceEntry,
  tarOf,
  withManifest,
  type ArchiveEntry,
} from './support/archive.ts';
import { makeKey } from './support/keys.ts';
import { makeRelease, pattern, sha256 } from './support/release.ts';
import { memorySource } from './support/source.ts';
import { stageOptions } from './support/stage-options.ts';
import { hashDevice, install, memoryVolume } from './support/volume.ts';

const built = makeRelease({ version: '2.0.0' });
const entries = artifactEntries(built);
const kernelPath = blobPath(sha256(built.files.get('kernel') ?? new Uint8Array(0)));

const without = (name: string): ArchiveEntry[] => entries.filter((entry) => entry.name !== name);
/** A stream is looked through for what is missing up to the first large file only. */
const shortened = ({ name, bytes }: ArchiveEntry): ArchiveEntry => ({ name, bytes: bytes.slice(0, 1000) });
const layer = (manifest: ReturnType<typeof manifestOf>, kind: string) => {
  const found = manifest.layers.find((each) => each.mediaType.includes(kind));
  if (found === undefined) throw new Error(`no layer ${kind}`);
  return found;
};
const dropLayer = (kind: string): ArchiveEntry[] =>
  withManifest(entries, (manifest) => {
    manifest.layers = manifest.layers.filter((each) => each !== layer(manifest, kind));
  });
const resigned = (change: (signature: Uint8Array) => Uint8Array): Promise<Uint8Array> =>
  artifactOf({ ...built, signature: change(built.signature.slice()) });
const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const flipped = bytes.slice();
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
};

interface Case {
  readonly name: string;
  readonly code: string;
  readonly archive: () => Promise<Uint8Array> | Uint8Array;
  readonly options?: Partial<StageOptions>;
  /** Found only when the blob has gone by, so that a stream has filled free blocks by then. */
  readonly late?: boolean;
}

const CASES: readonly Case[] = [
  { name: 'a text', code: 'ARTIFACT_NOT_TAR', archive: () => pattern('text', 5000) },
  { name: 'an empty file', code: 'ARTIFACT_NOT_TAR', archive: () => new Uint8Array(0) },
  {
    name: 'a truncated archive',
    code: 'ARTIFACT_TRUNCATED',
    archive: async () => (await tarOf(entries)).slice(0, -500_000),
    late: true,
  },
  {
    name: 'an archive that is no OCI layout',
    code: 'ARTIFACT_NOT_OCI',
    archive: () => tarOf(without('oci-layout').map(shortened)),
  },
  {
    name: 'a layout without index.json',
    code: 'ARTIFACT_NOT_OCI',
    archive: () => tarOf(without('index.json').map(shortened)),
  },
  {
    name: 'an index that is not JSON',
    code: 'ARTIFACT_BAD_MANIFEST',
    archive: () => tarOf(replaceEntry(entries, 'index.json', pattern('x', 100))),
  },
  {
    name: 'a digest of another algorithm',
    code: 'ARTIFACT_BAD_MANIFEST',
    archive: () => {
      const index = indexOf(entries);
      const manifests = index.manifests.map((each) => ({ ...each, digest: `sha512:${'0'.repeat(128)}` }));
      return tarOf(replaceEntry(entries, 'index.json', jsonEntry({ ...index, manifests }).bytes));
    },
  },
  {
    name: 'a negative size',
    code: 'ARTIFACT_BAD_MANIFEST',
    archive: () =>
      tarOf(
        withManifest(entries, (manifest) => {
          layer(manifest, 'kernel').size = -1;
        }),
      ),
  },
  {
    name: 'a size past 2^53',
    code: 'ARTIFACT_BAD_MANIFEST',
    archive: () =>
      tarOf(
        withManifest(entries, (manifest) => {
          layer(manifest, 'kernel').size = 2 ** 60;
        }),
      ),
  },
  {
    name: 'an entry that appears twice',
    code: 'ARTIFACT_BAD_TAR',
    archive: () => tarOf([...entries, ...entries.slice(0, 1)]),
    late: true,
  },
  {
    name: 'a wrong digest of the manifest',
    code: 'ARTIFACT_BAD_DIGEST',
    archive: () =>
      tarOf(entries.map((entry, at) => (at === 2 ? { ...entry, bytes: flip(entry.bytes, 30) } : entry))),
  },
  {
    name: 'a wrong digest of release.json',
    code: 'ARTIFACT_BAD_DIGEST',
    archive: () =>
      tarOf(entries.map((entry, at) => (at === 3 ? { ...entry, bytes: flip(entry.bytes, 30) } : entry))),
  },
  {
    name: 'a wrong digest of the kernel',
    code: 'ARTIFACT_BAD_DIGEST',
    archive: () =>
      tarOf(replaceEntry(entries, kernelPath, flip(built.files.get('kernel') ?? new Uint8Array(0), 60_000))),
    late: true,
  },
  {
    name: 'a kernel of another size',
    code: 'ARTIFACT_BAD_SIZE',
    archive: () => tarOf(replaceEntry(entries, kernelPath, pattern('kernel', 60_000))),
    late: true,
  },
  {
    name: 'a missing blob',
    code: 'ARTIFACT_MISSING_BLOB',
    archive: () => tarOf(without(kernelPath)),
    late: true,
  },
  {
    name: 'an unknown media type of a layer',
    code: 'ARTIFACT_UNKNOWN_MEDIA_TYPE',
    archive: () =>
      tarOf(
        withManifest(entries, (manifest) => {
          layer(manifest, 'rootfs').mediaType = 'application/vnd.cocon.rootfs.v9';
        }),
      ),
  },
  {
    name: 'an OS image that is not sealed',
    code: 'ARTIFACT_UNKNOWN_MEDIA_TYPE',
    archive: () =>
      tarOf(
        withManifest(entries, (manifest) => {
          manifest.config.mediaType = 'application/vnd.oci.image.config.v1+json';
        }),
      ),
  },
  {
    name: 'another artifact',
    code: 'ARTIFACT_UNKNOWN_MEDIA_TYPE',
    archive: () =>
      tarOf(
        withManifest(entries, (manifest) => {
          manifest.artifactType = 'application/vnd.example';
        }),
      ),
  },
  {
    name: 'an index without a manifest',
    code: 'ARTIFACT_UNKNOWN_MEDIA_TYPE',
    archive: () =>
      tarOf(
        replaceEntry(
          entries,
          'index.json',
          jsonEntry({ schemaVersion: 2, manifests: [{ ...indexOf(entries).manifests[0], mediaType: 'x/y' }] })
            .bytes,
        ),
      ),
  },
  {
    name: 'another architecture',
    code: 'ARTIFACT_WRONG_ARCHITECTURE',
    archive: () => tarOf(entries),
    options: { architecture: 'arm64' },
  },
  {
    name: 'another architecture that the index does not tell',
    code: 'ARTIFACT_WRONG_ARCHITECTURE',
    archive: () => {
      const index = indexOf(entries);
      const manifests = index.manifests.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
      return tarOf(replaceEntry(entries, 'index.json', jsonEntry({ ...index, manifests }).bytes));
    },
    options: { architecture: 'arm64' },
  },
  { name: 'a missing kernel', code: 'ARTIFACT_MISSING_KERNEL', archive: () => tarOf(dropLayer('kernel')) },
  { name: 'no signature', code: 'ARTIFACT_UNSIGNED', archive: () => tarOf(dropLayer('signature')) },
  {
    name: 'a key that is not trusted',
    code: 'RELEASE_UNTRUSTED',
    archive: () => artifactOf(makeRelease({ keys: [makeKey()] })),
  },
  {
    name: 'no trusted key at all',
    code: 'RELEASE_UNTRUSTED',
    archive: () => tarOf(entries),
    options: { trustedKeys: [] },
  },
  {
    name: 'a signature that does not hold',
    code: 'RELEASE_BAD_SIGNATURE',
    archive: () => resigned((bytes) => flip(bytes, 40)),
  },
  {
    name: 'a manifest without the verity tree',
    code: 'ARTIFACT_MISMATCH',
    archive: () => tarOf(dropLayer('verity')),
  },
  {
    name: 'a manifest with one file more',
    code: 'ARTIFACT_MISMATCH',
    archive: () =>
      tarOf(
        withManifest(entries, (manifest) => {
          manifest.layers.push({
            ...layer(manifest, 'kernel'),
            mediaType: 'application/vnd.cocon.initrd.v1',
          });
        }),
      ),
  },
  {
    name: 'two kernels',
    code: 'ARTIFACT_BAD_MANIFEST',
    archive: () =>
      tarOf(
        withManifest(entries, (manifest) => {
          manifest.layers.push(layer(manifest, 'kernel'));
        }),
      ),
  },
  {
    name: 'more than the volume holds',
    code: 'VOLUME_FULL',
    archive: () => artifactOf(makeRelease({ rootfsBytes: 16 * 1024 * 1024 })),
  },
];

/** A volume with one confirmed release. */
function confirmedVolume(): { volume: Volume; slot: number } {
  const volume = memoryVolume();
  const slot = install(volume, makeRelease({ version: '1.0.0', securityVersion: 1 }));
  commit(volume, slot);
  return { volume, slot };
}

async function failure(
  volume: Volume,
  archive: Uint8Array,
  options: Partial<StageOptions>,
  streamed: boolean,
): Promise<CoconError> {
  const source = memorySource(archive, streamed ? { ranges: false, sized: false } : {});
  try {
    await stageArtifact(volume, source, stageOptions({ local: !streamed, ...options }));
  } catch (thrown) {
    if (thrown instanceof CoconError) return thrown;
    throw thrown;
  }
  throw new Error('it was staged');
}

describe('stageArtifact() refuses, with the volume as it was,', () => {
  let volume: Volume;
  let slot: number;
  beforeEach(() => {
    ({ volume, slot } = confirmedVolume());
  });

  test.each(CASES)('$name ($code) in a file', async ({ code, archive, options = {} }) => {
    const before = hashDevice(volume.device);
    const error = await failure(volume, await archive(), options, false);
    expect({ code: error.code, message: error.message }).toMatchObject({ code });
    expect(hashDevice(volume.device)).toBe(before);
  });

  test.each(CASES)('$name ($code) in a stream', async ({ code, archive, options = {}, late = false }) => {
    const before = hashDevice(volume.device);
    const error = await failure(volume, await archive(), options, true);
    expect({ code: error.code, message: error.message }).toMatchObject({ code });
    expect(hashDevice(volume.device) === before).toBe(!late);
    const after = Volume.open(volume.device);
    expect(bootOrder(after.record, after)).toEqual([slot]);
    expect(after.liveSlots()).toEqual([volume.slot(slot)]);
  });

  test('every one of them with a hint', async () => {
    for (const { archive, options = {}, name } of CASES) {
      const { hint, code } = await failure(volume, await archive(), options, false);
      expect(hint ?? `none: ${name}, ${code}`).toMatch(/\.$/);
    }
  });

  test('a release that is staged already (RELEASE_PRESENT)', async () => {
    install(volume, built);
    const before = hashDevice(volume.device);
    expect((await failure(volume, await tarOf(entries), {}, false)).code).toBe('RELEASE_PRESENT');
    expect(hashDevice(volume.device)).toBe(before);
  });

  test('a release below the floor (RELEASE_BELOW_FLOOR)', async () => {
    const old = await artifactOf(makeRelease({ version: '0.9', securityVersion: 0 }));
    const before = hashDevice(volume.device);
    expect((await failure(volume, old, {}, false)).code).toBe('RELEASE_BELOW_FLOOR');
    expect(hashDevice(volume.device)).toBe(before);
  });

  test('when every slot is in use (SLOT_BUSY)', async () => {
    const small = memoryVolume({ slots: 2 });
    commit(small, install(small, makeRelease({ version: '1.0.0' })));
    // Given up, but still running: neither it nor the only confirmed one may be overwritten.
    const running = install(small, makeRelease({ version: '1.1.0' }));
    commit(small, running);
    rollback(small, running);
    const before = hashDevice(small.device);
    expect((await failure(small, await tarOf(entries), { runningSlot: running }, false)).code).toBe(
      'SLOT_BUSY',
    );
    expect(hashDevice(small.device)).toBe(before);
  });

  test('nothing live being lost, a device that turns read-only at any write (SDFS_READ_ONLY)', async () => {
    const archive = await tarOf(entries);
    const codes = new Set<string>();
    for (let allowed = 0; codes.size < 2; allowed += 1) {
      const device = (volume.device as MemoryDevice).clone();
      const staged = stageArtifact(
        Volume.open(readOnlyAfter(device, allowed)),
        memorySource(archive),
        stageOptions(),
      );
      codes.add(
        await staged.then(
          () => 'done',
          (thrown: unknown) => (isSdfsError(thrown) ? thrown.code : 'other'),
        ),
      );
      const after = Volume.open(device);
      expect(after.slot(slot)).toEqual(volume.slot(slot));
      expect(bootOrder(after.record, after).at(-1)).toBe(slot);
    }
    expect([...codes]).toEqual(['SDFS_READ_ONLY', 'done']);
  });
});

function readOnlyAfter(device: BlockDevice, allowed: number): BlockDevice {
  let writes = 0;
  return {
    name: device.name,
    sizeBytes: device.sizeBytes,
    sectorSize: device.sectorSize,
    read: (offset, into) => device.read(offset, into),
    write(offset, bytes) {
      writes += 1;
      if (writes > allowed) throw new SdfsError('SDFS_READ_ONLY', 'Cannot write: the device is read-only');
      device.write(offset, bytes);
    },
    flush: () => device.flush(),
    dropCaches: () => device.dropCaches(),
    close: () => device.close(),
  };
}
