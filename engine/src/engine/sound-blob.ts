/** Blobs are found by their names and sizes. Who builds with their bytes, or ships them, looks at those first. */
import { SlicesError } from '../errors.ts';
import { sha256OfFile } from '../files.ts';

/**
 * Proves that the file at `path` has the digest that it is known by.
 *
 * @throws SlicesError `STORE_DAMAGED`
 */
export async function proveBlob(path: string, digest: string): Promise<void> {
  const found = `sha256:${await sha256OfFile(path)}`;
  if (found === digest) return;
  throw new SlicesError(
    'STORE_DAMAGED',
    `Cannot use ${digest} of the store: its bytes are those of ${found}`,
    {
      hint: 'Run cocon store fsck --repair, which removes what is damaged and what leads to it, and build again.',
      facts: { path, digest, found },
    },
  );
}
