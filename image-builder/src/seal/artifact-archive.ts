/** Writes a sealed release as the archive of an OCI layout, in the order in which it can be staged from a stream. */
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import type { ArtifactLayout } from '@cocon-os/updater';

import { tarBytes, type TarEntry } from '../tar/write.ts';
import { outputFailed, wholeFile } from '../whole-file.ts';

const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/** Writes `output`, which appears whole or not at all. `files` are the release's files by name. Throws `OUTPUT_FAILED`. */
export async function writeArtifact(
  layout: ArtifactLayout,
  files: ReadonlyMap<string, string>,
  output: string,
): Promise<void> {
  await wholeFile(output, async (draft) => {
    try {
      await pipeline(tarBytes(entriesOf(layout, files)), createWriteStream(draft));
    } catch (cause) {
      throw outputFailed(output, cause);
    }
  });
}

function* entriesOf(layout: ArtifactLayout, files: ReadonlyMap<string, string>): Generator<TarEntry> {
  const made = new Set<string>();
  for (const { path, size, bytes, file } of layout.entries) {
    for (const directory of parentsOf(path)) {
      if (made.has(directory)) continue;
      made.add(directory);
      yield { name: `${directory}/`, type: 'directory', size: 0, mode: DIRECTORY_MODE };
    }
    const data =
      bytes === undefined
        ? createReadStream(files.get(file ?? '') ?? '', { highWaterMark: 2 ** 20 })
        : [bytes];
    yield { name: path, type: 'file', size, mode: FILE_MODE, data };
  }
}

/** `a/b/c` has the parents `a` and `a/b`. */
function parentsOf(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
