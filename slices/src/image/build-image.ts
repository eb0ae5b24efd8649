/** Builds a set of slices and puts their runtime layers together into one OCI image, kernel first. */
import type { Builder } from '../build/builder.ts';
import { visibleBuilder } from '../build/visible-builder.ts';
import type { Slice } from '../define-slice.ts';
import { SlicesError } from '../errors.ts';
import { linux } from '../../linux/slice.ts';
import { writeOciImage, type BuiltImage, type ImageSpec } from './oci-image.ts';

/** What {@link buildImage} is told. */
export interface ImageOptions {
  readonly name: string;
  readonly version: string;
  /** From the bottom up. The kernel, configured for these slices, is put below them. */
  readonly slices: readonly Slice[];
  /** The layout directory to write. It is replaced when it exists. */
  readonly directory: string;
  readonly builder?: Builder;
}

/** An image and the size of each of its layers. */
export interface ImageResult extends BuiltImage {
  /** Bytes of each layer as a tar, by slice, kernel first. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** The only architecture that is built so far, in the words of the OCI image spec. */
const ARCHITECTURE = 'amd64';

/** Builds an image. Throws `SlicesError`. */
export async function buildImage(options: ImageOptions): Promise<ImageResult> {
  const builder = options.builder ?? visibleBuilder();
  const layers: ImageSpec['layers'][number][] = [];
  const sizes: Record<string, number> = {};
  for (const slice of [linux(options.slices), ...options.slices]) {
    const { runtime } = (await builder.build(slice)).outputs;
    if (runtime === undefined) {
      throw new SlicesError(
        'SLICE_INVALID',
        `Cannot put ${slice.name} into an image: it has no runtime output`,
        {
          hint: 'Leave it out of the image; what only builds need is named in needs.',
        },
      );
    }
    layers.push({ layer: runtime, comment: `${slice.name} ${slice.version}` });
    sizes[slice.name] = runtime.sizeBytes;
  }
  const { name, version } = options;
  const image = await writeOciImage(
    { name, version, architecture: ARCHITECTURE, layers },
    builder.store,
    options.directory,
  );
  return { ...image, sizes };
}
