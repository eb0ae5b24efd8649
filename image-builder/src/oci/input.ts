/** What the user may write for an image: a path, `oci:`, `oci-archive:`, `docker-archive:`, `docker://` or a plain reference. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { BuilderError } from '../errors.ts';
import { openArchive } from './archive.ts';
import type { ImageSource } from './image-source.ts';
import { openLayoutDirectory } from './layout-directory.ts';
import { parseReference } from './registry/reference.ts';
import { openRegistry, type RegistryOptions } from './registry/registry-source.ts';

const ARCHIVE_PREFIX = /^(?:oci-archive|docker-archive):/;

/** How an image is opened. */
export interface InputOptions extends RegistryOptions {
  /** Where relative paths begin. */
  readonly cwd?: string;
}

/**
 * Opens an image. Paths come first: what exists on the disk is never taken for a registry's name.
 * Throws `INPUT_NOT_FOUND`, `REFERENCE_INVALID` and the codes of what is opened.
 */
export async function openInput(input: string, options: InputOptions = {}): Promise<ImageSource> {
  if (input.startsWith('docker://'))
    return openRegistry(parseReference(input.slice('docker://'.length)), options);
  const prefixed = ARCHIVE_PREFIX.test(input) || input.startsWith('oci:');
  const place = await findPath(options.cwd ?? '.', input.replace(ARCHIVE_PREFIX, '').replace(/^oci:/, ''));
  if (place !== undefined) {
    return place.isDirectory
      ? openLayoutDirectory(place.path, place.reference)
      : openArchive(place.path, place.reference);
  }
  // Without a host it is a path with a slip in it.
  if (!prefixed && /^(?:localhost|[^/]*[.:\]][^/]*)\/[^/]/.test(input) && !/^\.{0,2}\//.test(input)) {
    return openRegistry(parseReference(input), options);
  }
  throw new BuilderError(
    'INPUT_NOT_FOUND',
    `Cannot open image "${input}": there is no such file or directory`,
    {
      hint: 'Give a layout directory, an archive, or a registry reference like registry.example/name:tag.',
    },
  );
}

interface Place {
  readonly path: string;
  readonly reference: string | undefined;
  readonly isDirectory: boolean;
}

/** A path may have colons of its own: the longest one that exists counts, the rest is the reference. */
async function findPath(cwd: string, text: string): Promise<Place | undefined> {
  for (let end = text.length; end > 0; end = text.lastIndexOf(':', end - 1)) {
    const path = resolve(cwd, text.slice(0, end));
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) {
      return { path, reference: text.slice(end + 1) || undefined, isDirectory: found.isDirectory() };
    }
  }
  return undefined;
}
