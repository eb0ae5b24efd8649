/**
 * From an artifact to a slot on trial (FORMAT.md §8, stage).
 *
 * Everything that can be refused is refused before the volume is touched: signature, architecture, floor, space,
 * failure list and duplicates in any case, and with a source that can be read twice the digest of every blob as well.
 */
import type { Progress } from '@cocon-os/cli';
import {
  isSdfsError,
  releaseFiles,
  stage,
  toHex,
  type Architecture,
  type Crypto,
  type StageSession,
  type Volume,
} from '@cocon-os/sdfs';

import type { ArchiveFile } from './artifact/archive.ts';
import { badDigest, openArtifact, type Artifact } from './artifact/open-artifact.ts';
import { UpdaterError } from './errors.ts';
import type { ByteSource } from './platform.ts';

/** What `stageArtifact` is told. */
export interface StageOptions {
  readonly crypto: Crypto;
  readonly architecture: Architecture;
  /** Raw 32-byte Ed25519 public keys. */
  readonly trustedKeys: readonly Uint8Array[];
  /** Whether the source is local, so that reading it twice is cheap. */
  readonly local: boolean;
  readonly runningSlot: number | undefined;
  /** Stage a release that failed on this volume before. */
  readonly force: boolean;
  /** Unix seconds. */
  readonly time: number;
  readonly progress: Progress;
}

/** What was staged. */
export interface StageResult {
  readonly slot: number;
  readonly name: string;
  readonly version: string;
  /** SHA-256 of release.json. */
  readonly digest: string;
  /** SHA-256 of the artifact's manifest. */
  readonly manifestDigest: string;
  /** Sum of the files' sizes. */
  readonly bytes: number;
  readonly attempts: number;
}

/** Stages the release that `source` holds. A stage that fails leaves at worst an empty slot that was not needed. */
export async function stageArtifact(
  volume: Volume,
  source: ByteSource,
  options: StageOptions,
): Promise<StageResult> {
  const { crypto, architecture, trustedKeys, local, progress } = options;
  refuseDuringTrial(volume, options.runningSlot);
  const artifact = await openArtifact(source, { crypto, architecture, trustedKeys, seek: local });
  const { release, digest } = artifact.release;
  const files = releaseFiles(release);
  const blobs = new Map(files.map((file) => [file.sha256, file.size]));
  const bytes = [...blobs.values()].reduce((sum, size) => sum + size, 0);
  const count = counter(progress, bytes);
  if (local) await artifact.blobs(blobs, (sha256, file) => checkBlob(sha256, file, crypto, count('check')));
  const session = stage(volume, artifact.release, options);
  await fillSlot(session, artifact, blobs, count('write'));
  const slot = session.finish();
  progress.finish();
  return {
    slot: slot.index,
    name: release.name,
    version: release.version,
    digest,
    manifestDigest: artifact.manifestDigest,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    attempts: slot.attemptsTotal,
  };
}

/**
 * A stage would hold the volume while the health checks of the running trial want to write their verdict into it, and
 * its own trial would take the place of one that has not ended.
 */
export function refuseDuringTrial(volume: Volume, runningSlot: number | undefined): void {
  if (runningSlot === undefined || volume.slot(runningSlot).state !== 'trial') return;
  throw new UpdaterError(
    'TRIAL_RUNNING',
    `Cannot stage: the running release, in slot ${runningSlot}, is still on trial`,
    {
      hint: 'Wait for its health checks, or end the trial with cocon-update commit or cocon-update rollback.',
    },
  );
}

type OnBytes = (bytes: number) => void;

function counter(progress: Progress, total: number): (label: string) => OnBytes {
  return (label) => {
    let done = 0;
    return (bytes) => {
      done += bytes;
      progress.update(label, done, total);
    };
  };
}

async function checkBlob(sha256: string, file: ArchiveFile, crypto: Crypto, onBytes: OnBytes): Promise<void> {
  const hash = crypto.createSha256();
  for await (const piece of file.stream()) {
    hash.update(piece);
    onBytes(piece.length);
  }
  const found = toHex(hash.digest());
  if (found !== sha256) throw badDigest(file.name, found);
}

/** Writes each blob to the files that consist of it: two device trees of a release may be equal. */
async function fillSlot(
  session: StageSession,
  artifact: Artifact,
  blobs: ReadonlyMap<string, number>,
  onBytes: OnBytes,
): Promise<void> {
  await artifact.blobs(blobs, async (sha256, file) => {
    const writers = session.files
      .filter((each) => each.sha256 === sha256)
      .map((each) => session.writer(each.name));
    for await (const piece of file.stream()) {
      for (const writer of writers) writer.write(piece);
      onBytes(piece.length);
    }
    try {
      for (const writer of writers) writer.close();
    } catch (thrown) {
      // The writer's words are about a slot; what is wrong is the archive.
      throw isSdfsError(thrown, 'FILE_BAD_HASH') ? badDigest(file.name, null, thrown) : thrown;
    }
  });
}
