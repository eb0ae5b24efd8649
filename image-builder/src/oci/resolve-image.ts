/** From a reference to the one image that fits the architecture: its manifest, its configuration, its layers. */
import { BuilderError } from '../errors.ts';
import { parseImageConfig, parseIndex, parseManifest, type Descriptor } from './descriptor.ts';
import { readDocument, type ImageSource } from './image-source.ts';
import { nameOf } from './layout-index.ts';
import {
  CONFIG_TYPES,
  INDEX_TYPES,
  layerCompression,
  MANIFEST_TYPES,
  unknownMediaType,
  type Compression,
} from './media-types.ts';

/** A layer of an image, bottom first. */
export interface Layer {
  readonly descriptor: Descriptor;
  readonly compression: Compression;
  /** Digest of the tar stream. */
  readonly diffId: string;
}

/** An image whose documents were verified; its layers were not read yet. */
export interface Image {
  readonly digest: string;
  readonly architecture: string;
  readonly layers: readonly Layer[];
  /** The words that whoever built it left on it (image-spec, config.md, Labels). */
  readonly labels: Readonly<Record<string, string>>;
  /** The configuration document, verified; what of it is needed besides is its reader's to check. */
  readonly configuration: Uint8Array;
}

/** Indexes may point at indexes, but not for ever. */
const MAX_DEPTH = 4;

/**
 * Chooses the image for `architecture` (OCI's words: amd64, arm64 …) and reads its documents.
 * Throws `IMAGE_WRONG_ARCHITECTURE`, `IMAGE_AMBIGUOUS`, `MEDIA_TYPE_UNKNOWN`, `MANIFEST_INVALID` and the errors of blobs.
 */
export async function resolveImage(source: ImageSource, architecture: string): Promise<Image> {
  const manifestDescriptor = await chooseManifest(source, await source.candidates(), architecture, 0);
  const name = `manifest ${manifestDescriptor.digest} of ${source.name}`;
  const manifest = parseManifest(await readDocument(source, manifestDescriptor, 'manifest'), name);
  if (!CONFIG_TYPES.includes(manifest.config.mediaType)) {
    throw notAnImage(source, `its configuration has the media type "${manifest.config.mediaType}"`);
  }
  const compressions = manifest.layers.map((layer) => layerCompression(layer.mediaType));
  const configuration = await readDocument(source, manifest.config, 'blob');
  const config = parseImageConfig(configuration, `configuration ${manifest.config.digest} of ${source.name}`);
  if (config.os !== 'linux' || config.architecture !== architecture) {
    throw wrongArchitecture(source, architecture, [`${config.os}/${config.architecture}`]);
  }
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new BuilderError(
      'MANIFEST_INVALID',
      `Cannot use ${name}: it has ${manifest.layers.length} layers, its configuration lists ${diffIds.length}`,
      { hint: 'The image is broken. Build it again.' },
    );
  }
  return {
    digest: manifestDescriptor.digest,
    architecture,
    configuration,
    labels: config.config?.Labels ?? {},
    layers: manifest.layers.map((descriptor, position) => ({
      descriptor,
      compression: compressions[position] ?? 'none',
      diffId: diffIds[position] ?? '',
    })),
  };
}

async function chooseManifest(
  source: ImageSource,
  candidates: readonly Descriptor[],
  architecture: string,
  depth: number,
): Promise<Descriptor> {
  const said = fittingOf(candidates, architecture);
  const fitting = said.length > 1 ? await imagesAmong(source, said, architecture) : said;
  const [chosen] = fitting;
  if (chosen === undefined) {
    const images = candidates.filter(isImage);
    if (images.length === 0 && candidates.length > 0) {
      const types = [...new Set(candidates.map(({ artifactType }) => artifactType))];
      throw notAnImage(source, `it has artifacts of the type ${types.join(' and ')} only`);
    }
    throw wrongArchitecture(
      source,
      architecture,
      images.map(({ platform }) => `${platform?.os}/${platform?.architecture}`),
    );
  }
  if (fitting.length > 1) throw ambiguous(source, architecture, fitting, depth);
  if (MANIFEST_TYPES.includes(chosen.mediaType)) return chosen;
  if (!INDEX_TYPES.includes(chosen.mediaType)) {
    throw unknownMediaType(chosen.mediaType, `the manifest of ${source.name}`, [
      ...MANIFEST_TYPES.slice(0, 1),
      ...INDEX_TYPES.slice(0, 1),
    ]);
  }
  if (depth === MAX_DEPTH) {
    throw new BuilderError(
      'MANIFEST_INVALID',
      `Cannot use ${source.name}: its indexes are nested more than ${MAX_DEPTH} deep`,
      {
        hint: 'Name the manifest by its digest.',
      },
    );
  }
  const bytes = await readDocument(source, chosen, 'manifest');
  return chooseManifest(
    source,
    parseIndex(bytes, `index ${chosen.digest} of ${source.name}`).manifests,
    architecture,
    depth + 1,
  );
}

/**
 * Those of several that are images for `architecture` by what they say themselves. The specification lets an index leave
 * out both an artifact's type and an image's platform. When none is left, all are: the error names them.
 */
async function imagesAmong(
  source: ImageSource,
  candidates: readonly Descriptor[],
  architecture: string,
): Promise<readonly Descriptor[]> {
  const images: Descriptor[] = [];
  for (const each of candidates) {
    const isManifest = MANIFEST_TYPES.includes(each.mediaType);
    if (isManifest ? await saysItFits(source, each, architecture) : INDEX_TYPES.includes(each.mediaType)) {
      images.push(each);
    }
  }
  return images.length === 0 ? candidates : images;
}

async function saysItFits(
  source: ImageSource,
  descriptor: Descriptor,
  architecture: string,
): Promise<boolean> {
  const of = `of ${source.name}`;
  const manifest = parseManifest(
    await readDocument(source, descriptor, 'manifest'),
    `manifest ${descriptor.digest} ${of}`,
  );
  if (!isImage(manifest) || !CONFIG_TYPES.includes(manifest.config.mediaType)) return false;
  if (descriptor.platform !== undefined) return true;
  const { digest } = manifest.config;
  const config = parseImageConfig(
    await readDocument(source, manifest.config, 'blob'),
    `configuration ${digest} ${of}`,
  );
  return config.os === 'linux' && config.architecture === architecture;
}

/** Of the variants of an architecture the one that is meant when none is said, and that every device here runs. */
const USUAL_VARIANT: Readonly<Record<string, string>> = { amd64: 'v1', arm: 'v7', arm64: 'v8' };

/** Those for `architecture`, each once. What says its platform comes before what says none, the usual variant before others. */
function fittingOf(candidates: readonly Descriptor[], architecture: string): readonly Descriptor[] {
  // What is there alone is meant, and an image may say a type of its own; its configuration decides.
  const images = candidates.length === 1 ? candidates : candidates.filter(isImage);
  const said = images.filter(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === architecture,
  );
  if (said.length === 0) return once(images.filter(({ platform }) => platform === undefined));
  const usual = said.filter(({ platform }) =>
    [undefined, '', USUAL_VARIANT[architecture]].includes(platform?.variant),
  );
  return once(usual.length === 0 ? said : usual);
}

/** Bills of materials and signatures lie beside an image and say what they are. */
function isImage({ artifactType }: Pick<Descriptor, 'artifactType'>): boolean {
  return artifactType === undefined || artifactType === '' || CONFIG_TYPES.includes(artifactType);
}

function notAnImage(source: ImageSource, what: string): BuilderError {
  return new BuilderError('MEDIA_TYPE_UNKNOWN', `Cannot use ${source.name}: ${what}, so it is not an image`, {
    hint: 'It is something else, such as a chart or a signature. Look at it with: skopeo inspect --raw.',
  });
}

function once(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map((each) => [each.digest, each])).values()];
}

function ambiguous(
  source: ImageSource,
  architecture: string,
  fitting: readonly Descriptor[],
  depth: number,
): BuilderError {
  const listed = fitting.map((each) => {
    const words = [nameOf(each), each.platform?.variant].filter((word) => word !== undefined);
    return `${each.digest}${words.length === 0 ? '' : ` (${words.join(', ')})`}`;
  });
  // A digest is looked for in the outermost index only.
  const way =
    depth === 0
      ? 'Name one by its digest, or copy one by itself.'
      : 'Copy one by itself: skopeo copy --override-variant <variant> ….';
  return new BuilderError(
    'IMAGE_AMBIGUOUS',
    `Cannot choose an image in ${source.name}: ${fitting.length} of them fit linux/${architecture}`,
    {
      hint: `${way} There are ${listed.join(', ')}.`,
    },
  );
}

function wrongArchitecture(source: ImageSource, wanted: string, found: readonly string[]): BuilderError {
  return new BuilderError(
    'IMAGE_WRONG_ARCHITECTURE',
    `Cannot use image ${source.name}: it is for ${[...new Set(found)].join(', ') || 'nothing'}, wanted linux/${wanted}`,
    {
      hint: 'Give an image for that architecture, or say another one: --architecture, or architecture in cocon.config.ts.',
      facts: { wanted },
    },
  );
}
