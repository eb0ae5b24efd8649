/** An image's layers, fetched, verified, decompressed into the spool and merged into one tree. */
import { createHash } from 'node:crypto';

import type { Progress } from '@cocon-os/cli';

import { BuilderError } from '../errors.ts';
import { scanTar, TarError, type ScannedEntry } from '../tar/scan.ts';
import { readEntry } from '../tree/entry.ts';
import type { Directory } from '../tree/inode.ts';
import { MergedTree } from '../tree/merged-tree.ts';
import type { Spool } from '../tree/spool.ts';
import { decompress, type Limits } from './decompress.ts';
import { splitDigest } from './descriptor.ts';
import { verifiedBytes, type ImageSource } from './image-source.ts';
import type { Image, Layer } from './resolve-image.ts';

/** Applies all layers of `image`. File contents lie in `spool` afterwards. Throws the codes of `LayerErrorCode`. */
export async function unpackImage(
  source: ImageSource,
  image: Image,
  spool: Spool,
  limits: Limits,
  progress: Progress,
): Promise<Directory> {
  const tree = new MergedTree();
  let entries = 0;
  for (const [position, layer] of image.layers.entries()) {
    const label = `Layer ${position + 1} of ${image.layers.length}`;
    entries += await unpackLayer(source, layer, spool, tree, { limits, entries, progress, label });
  }
  return tree.root;
}

interface Budget {
  readonly limits: Limits;
  /** Entries that earlier layers had. */
  readonly entries: number;
  readonly progress: Progress;
  readonly label: string;
}

async function unpackLayer(
  source: ImageSource,
  layer: Layer,
  spool: Spool,
  tree: MergedTree,
  { limits, entries, progress, label }: Budget,
): Promise<number> {
  const { digest: name, size } = layer.descriptor;
  const start = spool.size;
  const { algorithm, hex } = splitDigest(layer.diffId);
  const hash = createHash(algorithm);
  let fetched = 0;

  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of verifiedBytes(source, layer.descriptor, 'blob')) {
      fetched += piece.length;
      progress.update(label, fetched, size);
      yield piece;
    }
  }
  async function* spooled(): AsyncGenerator<Uint8Array> {
    for await (const piece of decompress(counted(), layer.compression, { name, size }, limits, start)) {
      hash.update(piece);
      spool.append(piece);
      yield piece;
    }
  }

  let seen = 0;
  tree.beginLayer(name);
  const visit = (entry: ScannedEntry): void => {
    seen += 1;
    if (entries + seen > limits.entries) throw tooManyEntries(name, limits.entries);
    tree.apply(readEntry(entry, start, name));
  };
  try {
    await scanTar(spooled(), visit);
  } catch (thrown) {
    throw thrown instanceof TarError ? layerError(name, thrown) : thrown;
  }
  const found = hash.digest('hex');
  if (found !== hex) {
    throw new BuilderError(
      'BLOB_WRONG_DIGEST',
      `Cannot use layer ${name} of ${source.name}: its tar stream has the digest ${algorithm}:${found}, the configuration says ${layer.diffId}`,
      {
        hint: 'The image is damaged or was tampered with. Copy it again from where it came from.',
        facts: { diffId: layer.diffId },
      },
    );
  }
  return seen;
}

function tooManyEntries(layer: string, limit: number): BuilderError {
  return new BuilderError(
    'LAYER_TOO_MANY_ENTRIES',
    `Cannot unpack layer ${layer}: its image has more than ${limit} entries`,
    {
      hint: 'If it is meant to have that many, raise seal.limits.entries in cocon.config.ts.',
    },
  );
}

function layerError(name: string, thrown: TarError): BuilderError {
  if (thrown.kind === 'truncated') {
    return new BuilderError('LAYER_TRUNCATED', `Cannot read layer ${name}: ${thrown.message}`, {
      cause: thrown,
      hint: 'The layer was cut off before its digest was taken. Build the image again.',
    });
  }
  return new BuilderError('LAYER_NOT_A_TAR', `Cannot read layer ${name} as a tar stream: ${thrown.message}`, {
    cause: thrown,
    hint: 'The layer is no tar archive, or is compressed in another way than its media type says. Build the image again.',
  });
}
