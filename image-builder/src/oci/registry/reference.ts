/**
 * References to images in registries: `host/name:tag@digest` (distribution-spec, "Pulling
 * manifests").
 */
import { BuilderError } from '../../errors.ts';
import { splitDigest } from '../descriptor.ts';

/** A repository and what is wanted of it. */
export interface Reference {
  /** Host, with a port where it is not the usual one. */
  readonly host: string;
  /** The host that is asked; another one for Docker Hub only. */
  readonly server: string;
  readonly repository: string;
  /** A digest when one was given, else a tag. */
  readonly target: string;
  /** As written. */
  readonly text: string;
}

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const HOST = /^(?:[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;

/** Docker Hub is called by a name that has no registry (distribution/reference, "docker.io"). */
const HUB = { name: 'docker.io', server: 'registry-1.docker.io', official: 'library' } as const;

/**
 * Reads a reference. It names its registry: no host is anybody's default here. Throws
 * `REFERENCE_INVALID`.
 */
export function parseReference(text: string): Reference {
  const [withoutDigest = '', digest, ...rest] = text.split('@');
  const slash = withoutDigest.indexOf('/');
  const first = slash < 0 ? '' : withoutDigest.slice(0, slash);
  const host = first === 'localhost' || /[.:\]]/.test(first) ? first : '';
  const path = withoutDigest.slice(slash + 1);
  const colon = path.indexOf(':');
  const name = colon < 0 ? path : path.slice(0, colon);
  const tag = colon < 0 ? 'latest' : path.slice(colon + 1);
  const isHost = HOST.test(host) && URL.canParse(`http://${host}`);
  if (!isHost || !REPOSITORY.test(name) || !TAG.test(tag) || rest.length > 0) {
    throw new BuilderError('REFERENCE_INVALID', `Cannot read "${withoutUser(text)}" as an image reference`, {
      hint: 'Write it like registry.example/name:tag or registry.example/name@sha256:<64 hex digits>; a path must exist. User and password come from skopeo login or docker login.',
    });
  }
  if (digest !== undefined) splitDigest(digest);
  const isHub = host === HUB.name;
  return {
    host,
    server: isHub ? HUB.server : host,
    repository: isHub && !name.includes('/') ? `${HUB.official}/${name}` : name,
    target: digest ?? tag,
    text,
  };
}

/**
 * A user and a password belong into an auth file; here they are a mistake, which is not to be
 * printed. A password may have anything in it, slashes too, so all in front of the last `@` that
 * does not begin a digest is hidden, unless it can only be a name.
 */
function withoutUser(text: string): string {
  const digest = /@sha\d+:[^@/]*$/.exec(text)?.[0] ?? '';
  const rest = text.slice(0, text.length - digest.length);
  const end = rest.lastIndexOf('@');
  if (end < 0 || (!rest.slice(end).includes('/') && !rest.slice(0, end).includes(':'))) return text;
  return `***${text.slice(end)}`;
}
