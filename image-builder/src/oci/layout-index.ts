/** Finds what a name means in the `index.json` of an image layout (image-spec, image-layout.md). */
import { BuilderError } from '../errors.ts';
import { parseIndex, type Descriptor } from './descriptor.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
/** `docker save` puts only the tag into the other one. */
const FULL_NAME = 'io.containerd.image.name';

/**
 * The descriptors that `reference` (a ref name, a tag or a digest) names; without one, all when they differ by platform
 * alone. Throws `IMAGE_NOT_FOUND` and `IMAGE_AMBIGUOUS`.
 */
export function selectFromIndex(
  bytes: Uint8Array,
  name: string,
  reference: string | undefined,
): readonly Descriptor[] {
  const { manifests } = parseIndex(bytes, `index.json of ${name}`);
  const names = [...new Set(manifests.map(nameOf).filter((each) => each !== undefined))];
  const listed = names.length === 0 ? 'It names none.' : `It names ${names.join(', ')}.`;
  if (reference === undefined) {
    if (manifests.length === 0) {
      throw new BuilderError('IMAGE_NOT_FOUND', `Cannot find an image in ${name}: its index is empty`, {
        hint: 'Put an image into it first, for example with: skopeo copy … oci:<directory>:<name>.',
      });
    }
    if (names.length > 1 && new Set(manifests.map(({ digest }) => digest)).size > 1) {
      throw new BuilderError(
        'IMAGE_AMBIGUOUS',
        `Cannot choose an image in ${name}: it holds ${names.length}`,
        {
          hint: `Add :<name> to the input. ${listed}`,
        },
      );
    }
    return manifests;
  }
  const exact = manifests.filter((each) => [each.digest, ...namesOf(each)].includes(reference));
  const found =
    exact.length > 0
      ? exact
      : manifests.filter((each) =>
          namesOf(each).some((full) => full.endsWith(`:${reference}`) || full.endsWith(`/${reference}`)),
        );
  if (found.length === 0) {
    throw new BuilderError('IMAGE_NOT_FOUND', `Cannot find image "${reference}" in ${name}`, {
      hint: listed,
    });
  }
  return found;
}

/** The name that a layout's index gives an image, the longer one of two. */
export function nameOf(descriptor: Descriptor): string | undefined {
  return namesOf(descriptor).at(0);
}

function namesOf({ annotations }: Descriptor): readonly string[] {
  return [annotations?.[FULL_NAME], annotations?.[REF_NAME]].filter((name) => name !== undefined);
}
