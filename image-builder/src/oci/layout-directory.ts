/** An OCI image layout in a directory (image-spec, image-layout.md). */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { BuilderError, isSystemError } from '../errors.ts';
import { splitDigest } from './descriptor.ts';
import { missingBlob, type ImageSource } from './image-source.ts';
import { selectFromIndex } from './layout-index.ts';

/** Opens the layout in `directory`. Throws `INPUT_NOT_AN_IMAGE` when there is none. */
export async function openLayoutDirectory(
  directory: string,
  reference: string | undefined,
): Promise<ImageSource> {
  const index = await readFile(join(directory, 'index.json')).catch((cause: unknown) => {
    throw new BuilderError(
      'INPUT_NOT_AN_IMAGE',
      `Cannot read "${directory}" as an image: it has no index.json`,
      {
        cause,
        hint: 'Give the directory of an OCI image layout, for example one made with: skopeo copy … oci:<directory>.',
      },
    );
  });
  return {
    name: directory,
    candidates: () => Promise.resolve().then(() => selectFromIndex(index, directory, reference)),
    async open(descriptor) {
      const { algorithm, hex } = splitDigest(descriptor.digest);
      const path = join(directory, 'blobs', algorithm, hex);
      await stat(path).catch((cause: unknown) => {
        throw isSystemError(cause, 'ENOENT', 'ENOTDIR')
          ? missingBlob(directory, descriptor.digest, cause)
          : cause;
      });
      return createReadStream(path, { highWaterMark: 2 ** 20 });
    },
    close: () => Promise.resolve(),
  };
}
