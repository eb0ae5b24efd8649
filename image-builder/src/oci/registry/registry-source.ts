/**
 * An image in a registry, pulled over HTTP (OCI distribution-spec, "Pull"). Reading only; pushing is left to skopeo.
 */
import { createHash } from 'node:crypto';

import { BuilderError } from '../../errors.ts';
import type { Descriptor } from '../descriptor.ts';
import { DOCUMENT_LIMIT, missingBlob, type Bytes, type ImageSource } from '../image-source.ts';
import { INDEX_TYPES, MANIFEST_TYPES } from '../media-types.ts';
import { authorize, parseChallenge, unauthorized } from './authorize.ts';
import { credentialFiles, findCredentials } from './credentials.ts';
import type { Reference } from './reference.ts';

/** How registries are reached. */
export interface RegistryOptions {
  /** Plain HTTP with any host. Without it, only with this machine. */
  readonly insecure?: boolean;
  /** Where credentials are looked up; by default the files of docker and skopeo. */
  readonly authFiles?: readonly string[];
}

const ACCEPT = [...INDEX_TYPES, ...MANIFEST_TYPES].join(', ');
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

/** Opens `reference`. Nothing is asked yet; the first question is {@link ImageSource.candidates}. */
export function openRegistry(reference: Reference, options: RegistryOptions = {}): ImageSource {
  const insecure = options.insecure === true || LOOPBACK.test(reference.host);
  const base = `${insecure ? 'http' : 'https'}://${reference.host}/v2/${reference.repository}`;
  const authFiles = options.authFiles ?? credentialFiles(process.env);
  let authorization: string | undefined;

  async function get(path: string, accept?: string): Promise<Response> {
    const attempt = (): Promise<Response> =>
      fetch(`${base}/${path}`, {
        headers: {
          ...(accept === undefined ? {} : { accept }),
          ...(authorization === undefined ? {} : { authorization }),
        },
      }).catch((cause: unknown) => {
        throw unreachable(reference, reference.host, insecure, cause);
      });
    const first = await attempt();
    const challenge = first.headers.get('www-authenticate');
    if (first.status !== 401 || challenge === null) return first;
    await first.body?.cancel();
    authorization = await authorize(
      parseChallenge(challenge),
      await findCredentials(authFiles, reference.host, reference.repository),
      `repository:${reference.repository}:pull`,
      { name: reference.host, insecure },
    );
    return attempt();
  }

  return {
    name: reference.text,
    async candidates() {
      const response = await get(`manifests/${reference.target}`, ACCEPT);
      if (response.status === 404) {
        await response.body?.cancel();
        throw new BuilderError(
          'IMAGE_NOT_FOUND',
          `Cannot find ${reference.text}: the registry has no such tag or digest`,
          {
            hint: 'List what is there with: skopeo list-tags docker://<host>/<name>.',
          },
        );
      }
      const bytes = await limitedBody(await accepted(response, reference), reference);
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const descriptor: Descriptor = {
        mediaType: response.headers.get('content-type')?.split(';')[0]?.trim() ?? '',
        // A digest that was asked for stays what it was; the bytes are checked against it when they are read.
        digest: reference.target.includes(':') ? reference.target : digest,
        size: bytes.length,
      };
      return [descriptor];
    },
    async open(descriptor, kind) {
      const response =
        kind === 'manifest'
          ? await get(`manifests/${descriptor.digest}`, ACCEPT)
          : await get(`blobs/${descriptor.digest}`);
      if (response.status === 404) {
        await response.body?.cancel();
        throw missingBlob(reference.text, descriptor.digest);
      }
      return body(await accepted(response, reference), reference);
    },
    close: () => Promise.resolve(),
  };
}

async function accepted(response: Response, reference: Reference): Promise<Response> {
  if (response.ok) return response;
  await response.body?.cancel();
  if (response.status === 401 || response.status === 403) {
    throw unauthorized(reference.host, `it answered ${response.status} for ${reference.repository}`);
  }
  throw new BuilderError(
    'REGISTRY_REFUSED',
    `Cannot pull ${reference.text}: the registry answered ${response.status}`,
    {
      hint: 'Try again later, or ask who runs the registry.',
      facts: { status: response.status },
    },
  );
}

async function* body(response: Response, reference: Reference): Bytes & AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  try {
    yield* response.body;
  } catch (cause) {
    throw new BuilderError('REGISTRY_UNREACHABLE', `Cannot pull ${reference.text}: the connection was lost`, {
      hint: 'Try again.',
      cause,
    });
  }
}

async function limitedBody(response: Response, reference: Reference): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body(response, reference)) {
    size += piece.length;
    pieces.push(piece);
    if (size > DOCUMENT_LIMIT) {
      throw new BuilderError(
        'MANIFEST_INVALID',
        `Cannot pull ${reference.text}: its manifest is over ${DOCUMENT_LIMIT} bytes`,
        {
          hint: 'This is no image manifest.',
        },
      );
    }
  }
  return Buffer.concat(pieces);
}

function unreachable(reference: Reference, host: string, insecure: boolean, cause: unknown): BuilderError {
  return new BuilderError(
    'REGISTRY_UNREACHABLE',
    `Cannot reach registry ${host} by ${insecure ? 'http' : 'https'} for ${reference.text}`,
    {
      hint: insecure ? 'Is it running?' : 'Check the name and the network; --insecure asks by plain http.',
      cause,
    },
  );
}
