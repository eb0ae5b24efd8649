import { bootOrder, commit, rollback, Volume } from '@cocon-os/sdfs';
import { describe, expect, test } from 'vitest';

import { INDEX_TYPE, stageArtifact } from '../src/index.ts';
import { artifactEntries, artifactOf, indexOf, jsonEntry, replaceEntry, tarOf } from './support/archive.ts';
import { makeKey, type TestKey } from './support/keys.ts';
import { makeRelease, sha256, trustedKey, type TestRelease } from './support/release.ts';
import { memorySource } from './support/source.ts';
import { stageOptions as options } from './support/stage-options.ts';
import { memoryVolume } from './support/volume.ts';

/** What the slot holds when the volume is opened anew: files by the hash of their bytes. */
function contentsOf({ device }: Volume, slot: number) {
  const volume = Volume.open(device);
  const { state, releaseDigest, attemptsLeft } = volume.slot(slot);
  const files = volume
    .descriptor(slot)
    .files.map(({ name, size }) => [name, sha256(volume.readFile(slot, name, size))] as const);
  return {
    state,
    releaseDigest,
    attemptsLeft,
    first: bootOrder(volume.record, volume)[0] === slot,
    files: new Map(files),
  };
}

/** What it must hold: every file as it was signed, on trial, and first in the order of booting. */
function trialOf({ json, signature, digest, files }: TestRelease): ReturnType<typeof contentsOf> {
  const all = [['release.json', json] as const, ['release.sig', signature] as const, ...files];
  return {
    state: 'trial',
    releaseDigest: digest,
    attemptsLeft: 3,
    first: true,
    files: new Map(all.map(([name, bytes]) => [name, sha256(bytes)] as const)),
  };
}

describe('stageArtifact()', () => {
  const built = makeRelease();

  test('stages from a file', async () => {
    const volume = memoryVolume();
    const archive = await artifactOf(built);
    const result = await stageArtifact(volume, memorySource(archive), options());
    expect(contentsOf(volume, result.slot)).toEqual(trialOf(built));
    expect(result).toMatchObject({
      slot: 0,
      name: 'cocon-test',
      version: '1.0.0',
      digest: built.digest,
      attempts: 3,
    });
    expect(result.bytes).toBe([...built.files.values()].reduce((sum, bytes) => sum + bytes.length, 0));
  });

  test('refuses while the running release is on trial, and changes nothing', async () => {
    const volume = memoryVolume();
    const { slot } = await stageArtifact(volume, memorySource(await artifactOf(built)), options());
    const { sequence } = volume.record;
    const next = await artifactOf(makeRelease({ version: '2' }));
    await expect(
      stageArtifact(volume, memorySource(next), { ...options(), runningSlot: slot }),
    ).rejects.toMatchObject({ code: 'TRIAL_RUNNING' });
    expect(Volume.open(volume.device).record.sequence).toBe(sequence);
  });

  test('Law 2: does not count on a slot that no trusted key signed', async () => {
    const volume = memoryVolume({ slots: 2 });
    const other = makeKey();
    const keep = async (version: string, key: TestKey): Promise<number> => {
      const archive = memorySource(await artifactOf(makeRelease({ version, keys: [key] })));
      const { slot } = await stageArtifact(volume, archive, options({ trustedKeys: [key.publicKey] }));
      commit(volume, slot);
      return slot;
    };
    await keep('1', trustedKey);
    const untrusted = await keep('2', other);
    const next = memorySource(await artifactOf(makeRelease({ version: '3' })));
    expect((await stageArtifact(volume, next, options())).slot).toBe(untrusted);
  });

  test.each([1, 511, 4097, 1_048_576])('stages from a stream in pieces of %i bytes', async (pieceBytes) => {
    const volume = memoryVolume();
    const small = makeRelease({ kernelBytes: 5000, rootfsBytes: 8192 });
    const source = memorySource(await artifactOf(small), { pieceBytes, ranges: false, sized: false });
    const { slot } = await stageArtifact(volume, source, options({ local: false }));
    expect(contentsOf(volume, slot)).toEqual(trialOf(small));
  });

  test('stages an initrd and device trees, of which two are equal', async () => {
    const volume = memoryVolume();
    const board = makeRelease({ initrd: true, deviceTrees: ['a.dtb', 'vendor/b.dtb'] });
    const entries = artifactEntries(board);
    const { slot } = await stageArtifact(volume, memorySource(await tarOf(entries)), options());
    expect(contentsOf(volume, slot)).toEqual(trialOf(board));
  });

  test('stages an archive in any order from a file, and says why it cannot from a stream', async () => {
    const entries = artifactEntries(built).toReversed();
    const archive = await tarOf(entries);
    for (const local of [true, false]) {
      const volume = memoryVolume();
      const { slot } = await stageArtifact(volume, memorySource(archive), options({ local }));
      expect(contentsOf(volume, slot)).toEqual(trialOf(built));
    }
    const source = memorySource(archive, { ranges: false, sized: false });
    await expect(stageArtifact(memoryVolume(), source, options({ local: false }))).rejects.toMatchObject({
      code: 'ARTIFACT_ORDER',
    });
  });

  test('picks the manifest of its architecture, also from an index inside the index', async () => {
    const other = makeRelease({ architecture: 'arm64', version: '1.0.0-arm' });
    const [mine, theirs] = [artifactEntries(built), artifactEntries(other)];
    const manifests = [...indexOf(theirs).manifests, ...indexOf(mine).manifests];
    const inner = jsonEntry({ schemaVersion: 2, manifests });
    const outer = jsonEntry({
      schemaVersion: 2,
      manifests: [{ mediaType: INDEX_TYPE, digest: `sha256:${inner.sha256}`, size: inner.bytes.length }],
    });
    const all = [...new Map([...theirs, ...mine].map((entry) => [entry.name, entry])).values()];
    const flat = replaceEntry(all, 'index.json', inner.bytes);
    const nested = [
      ...replaceEntry(all, 'index.json', outer.bytes),
      { name: inner.name, bytes: inner.bytes },
    ];
    for (const entries of [flat, nested]) {
      const volume = memoryVolume();
      const { slot } = await stageArtifact(volume, memorySource(await tarOf(entries)), options());
      expect(contentsOf(volume, slot)).toEqual(trialOf(built));
    }
  });

  test('reads a pipe to its end, so that its writer is not cut off', async () => {
    const source = memorySource(await artifactOf(built), { ranges: false, sized: false });
    await stageArtifact(memoryVolume(), source, options({ local: false }));
    expect(await source.read()).toBeUndefined();
  });

  test('stages a release that failed before when forced', async () => {
    const volume = memoryVolume();
    const archive = await artifactOf(built);
    const again = () => stageArtifact(volume, memorySource(archive), options({ force: true }));
    const { slot } = await again();
    const keep = await stageArtifact(
      volume,
      memorySource(await artifactOf(makeRelease({ version: '0' }))),
      options(),
    );
    commit(volume, keep.slot);
    rollback(volume, slot);
    await expect(stageArtifact(volume, memorySource(archive), options())).rejects.toMatchObject({
      code: 'RELEASE_FAILED_BEFORE',
    });
    expect(contentsOf(volume, (await again()).slot)).toEqual(trialOf(built));
  });
});
