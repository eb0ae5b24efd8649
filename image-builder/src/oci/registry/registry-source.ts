/**
 * An image in a registry, pulled over HTTP (OCI distribution-spec, "Pull"). Reading only; pushing
 * is left to skopeo. When a request is made again, and how a blob goes on that breaks off, is the
 * policy of `@cocon-os/cli/http`.
 */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

import { redact } from '@cocon-os/cli';
import {
  Download,
  HttpFailure,
  request,
  type HttpAnswer,
  type HttpTransport,
  type Waiting,
} from '@cocon-os/cli/http';
import { nodeTransport } from '@cocon-os/cli/http-node';

import { BuilderError } from '../../errors.ts';
import type { Descriptor } from '../descriptor.ts';
import { DOCUMENT_LIMIT, missingBlob, type Bytes, type ImageSource } from '../image-source.ts';
import { INDEX_TYPES, MANIFEST_TYPES } from '../media-types.ts';
import { authorize, parseChallenges, unauthorized } from './authorize.ts';
import { credentialFiles, findCredentials } from './credentials.ts';
import { manifestType } from './manifest-type.ts';
import { withOwnWords } from './own-words.ts';
import type { Reference } from './reference.ts';

/** How registries are reached. */
export interface RegistryOptions {
  /** Plain HTTP with any host. Without it, only with this machine. */
  readonly insecure?: boolean;
  /** Where credentials are looked up; by default the files of docker and skopeo. */
  readonly authFiles?: readonly string[];
  /** Hears when a request is made again, and why. */
  readonly onLine?: (line: string) => void;
  /** What carries the requests; by default Node, through the proxy of the environment. */
  readonly transport?: HttpTransport;
  /** Resolves after so many milliseconds. */
  readonly sleep?: Waiting['sleep'];
}

const ACCEPT = [...INDEX_TYPES, ...MANIFEST_TYPES].join(', ');
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

/**
 * Opens `reference`. Nothing is asked yet; the first question is {@link ImageSource.candidates}.
 */
export function openRegistry(reference: Reference, options: RegistryOptions = {}): ImageSource {
  const insecure = options.insecure === true || LOOPBACK.test(reference.host);
  const base = `${insecure ? 'http' : 'https'}://${reference.server}/v2/${reference.repository}`;
  const authFiles = options.authFiles ?? credentialFiles(process.env);
  const transport = options.transport ?? nodeTransport();
  const waiting: Waiting = {
    sleep: options.sleep ?? ((milliseconds) => setTimeout(milliseconds)),
    now: () => Date.now() / 1000,
    onWait: (reason, pause) =>
      options.onLine?.(`${reference.host}: ${redact(reason)}; trying again in ${pause / 1000} s`),
    onNote: (line) => options.onLine?.(`${reference.host}: ${line}`),
  };
  let authorization: string | undefined;

  /**
   * Once, and once more with credentials if the registry asks for them: at first, and when a token
   * has expired.
   */
  async function ask(path: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    const attempt = (): Promise<HttpAnswer> =>
      request(transport, `${base}/${path}`, {
        ...headers,
        ...(authorization === undefined ? {} : { authorization }),
      });
    const first = await attempt();
    const challenge = first.header('www-authenticate');
    if (first.status !== 401 || challenge === undefined) return withOwnWords(first);
    first.close();
    authorization = await authorize(
      parseChallenges(challenge),
      await findCredentials(authFiles, reference.host, reference.repository),
      `repository:${reference.repository}:pull`,
      { name: reference.host, insecure, transport },
    );
    return withOwnWords(await attempt());
  }

  /** Throws what a failure of a request is to the user; 404 becomes `missing`. */
  async function coded<Value>(missing: () => BuilderError, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof HttpFailure)) throw thrown;
      throw thrown.status === 404 && thrown.kind === 'status'
        ? missing()
        : failed(thrown, reference, insecure);
    }
  }

  function download(path: string, accept?: string): Promise<Download> {
    const wanted = accept === undefined ? {} : { accept };
    return Download.open((headers) => ask(path, { ...wanted, ...headers }), waiting);
  }

  async function* bytes(body: Download, missing: () => BuilderError): Bytes & AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const piece = await coded(missing, () => body.read());
        if (piece === undefined) return;
        yield piece;
      }
    } finally {
      body.close();
    }
  }

  return {
    name: reference.text,
    async candidates() {
      const missing = (): BuilderError => noSuchImage(reference);
      const body = await coded(missing, () => download(`manifests/${reference.target}`, ACCEPT));
      const manifest = await limited(bytes(body, missing), reference);
      const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
      const contentType = body.header('content-type') ?? '';
      const mediaType = manifestType(contentType, manifest);
      if (mediaType === undefined) throw notAManifest(reference, contentType);
      const descriptor: Descriptor = {
        mediaType,
        // A digest that was asked for stays what it was; the bytes are checked against it when they
        // are read.
        digest: reference.target.includes(':') ? reference.target : digest,
        size: manifest.length,
      };
      return [descriptor];
    },
    async open(descriptor, kind) {
      const missing = (): BuilderError => missingBlob(reference.text, descriptor.digest);
      const body = await coded(missing, () =>
        kind === 'manifest'
          ? download(`manifests/${descriptor.digest}`, ACCEPT)
          : download(`blobs/${descriptor.digest}`),
      );
      return bytes(body, missing);
    },
    close: () => Promise.resolve(),
  };
}

function failed(failure: HttpFailure, reference: Reference, insecure: boolean): BuilderError {
  const { kind, status, message } = failure;
  if (status === 401 || status === 403)
    return unauthorized(reference.host, `${message}, for ${reference.repository}`, failure);
  if (kind === 'status') {
    return new BuilderError('REGISTRY_REFUSED', `Cannot pull ${reference.text}: ${message}`, {
      hint: 'Try again later, or ask who runs the registry.',
      facts: status === undefined ? {} : { status },
      cause: failure,
    });
  }
  if (kind === 'unreachable') {
    const { host, text } = reference;
    const plainly = insecure
      ? 'Is it running?'
      : 'Check the name and the network; --insecure asks by plain http.';
    return new BuilderError(
      'REGISTRY_UNREACHABLE',
      `Cannot reach registry ${host} by ${insecure ? 'http' : 'https'} for ${text}: ${message}`,
      {
        hint: failure.temporary && !message.includes('proxy') ? plainly : (failure.hint ?? plainly),
        cause: failure,
      },
    );
  }
  return new BuilderError('REGISTRY_UNREACHABLE', `Cannot pull ${reference.text}: ${message}`, {
    hint: failure.hint ?? 'Try again.',
    cause: failure,
  });
}

function noSuchImage(reference: Reference): BuilderError {
  return new BuilderError(
    'IMAGE_NOT_FOUND',
    `Cannot find ${reference.text}: the registry has no such tag or digest`,
    { hint: 'List what is there with: skopeo list-tags docker://<host>/<name>.' },
  );
}

function notAManifest(reference: Reference, contentType: string): BuilderError {
  const what = contentType === '' ? 'something' : contentType;
  return new BuilderError(
    'MANIFEST_INVALID',
    `Cannot pull ${reference.text}: ${reference.host} answered with ${what} that is not a manifest`,
    { hint: 'A login page or a proxy may stand in front of the registry. Open its address in a browser.' },
  );
}

async function limited(body: Bytes, reference: Reference): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    pieces.push(piece);
    if (size > DOCUMENT_LIMIT) {
      throw new BuilderError(
        'MANIFEST_INVALID',
        `Cannot pull ${reference.text}: its manifest is over ${DOCUMENT_LIMIT} bytes`,
        { hint: 'This is not an image manifest.' },
      );
    }
  }
  return Buffer.concat(pieces);
}
