/** Pulling from a real server: Debian's docker-registry on this machine, filled by skopeo. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { parseReference } from '../src/oci/registry/reference.ts';
import { openRegistry } from '../src/oci/registry/registry-source.ts';
import { resolveImage } from '../src/oci/resolve-image.ts';
import { verifiedBytes } from '../src/oci/image-source.ts';
import { cocon } from './support/cocon.ts';
import { file, kernelLayer, tarOf, writeLayout } from './support/layout.ts';
import { freePort, pushLayout, startRegistry as start, type Registry } from './support/registry.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const scratch = scratchDirectory();
const USER = 'builder';
const PASSWORD = 'open:sesame';
/** A file as htpasswd writes it; perl is on every Debian, htpasswd is not. */
const BCRYPT = `perl -e 'print "$ARGV[0]:", crypt($ARGV[1], q($2y$05$abcdefghijklmnopqrstuu)), "\\n"' "$2" "$3" >"$1/users"`;
/** Ends what a test started. */
const stops: (() => void)[] = [];

let workplace: string;
let layout: string;

afterAll(() => {
  for (const stop of stops) stop();
});

/** Starts a registry with the given `auth:` section. */
async function startRegistry(auth: string): Promise<Registry> {
  const registry = await start(scratch('registry'), auth);
  stops.push(registry.stop);
  return registry;
}

async function push(host: string, ...options: readonly string[]): Promise<void> {
  await pushLayout(layout, `${host}/test/os:v1`, ...options);
}

/** An auth file as docker login writes it. */
function authFile(host: string, password = PASSWORD): string {
  const path = scratch('auth.json');
  writeFileSync(
    path,
    JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${USER}:${password}`).toString('base64') } } }),
  );
  return path;
}

/** Pulls everything and returns the digests of the layers. */
async function pull(reference: string, authFiles: readonly string[] = []): Promise<readonly string[]> {
  const source = openRegistry(parseReference(reference), { authFiles });
  const image = await resolveImage(source, 'amd64');
  for (const { descriptor } of image.layers) {
    for await (const piece of verifiedBytes(source, descriptor, 'blob'))
      expect(piece.length).toBeGreaterThan(0);
  }
  return image.layers.map(({ diffId }) => diffId);
}

let diffIds: readonly string[];

beforeAll(async () => {
  workplace = scratch('workplace');
  mkdirSync(workplace);
  await cocon(workplace, 'keygen', 'release');
  layout = scratch('layout');
  const tars = [
    await kernelLayer(),
    await tarOf([file('large', createHash('sha512').update('x').digest().toString('hex').repeat(5000))]),
  ];
  writeLayout(
    layout,
    tars.map((tar) => ({ tar, compression: 'gzip' as const })),
  );
  diffIds = tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`);
});

describe('cocon seal of a registry reference', () => {
  it('gives the artifact of the same image in a directory', async () => {
    const { host } = await startRegistry('');
    await push(host);
    const artifacts: Buffer[] = [];
    for (const input of [layout, `${host}/test/os:v1`, `docker://${host}/test/os:v1`]) {
      const output = scratch('release.oci');
      const run = await cocon(workplace, 'seal', input, '--key', 'release.key', '-o', output);
      expect(run.err).not.toContain('hint');
      expect(run.status).toBe(0);
      artifacts.push(readFileSync(output));
    }
    expect(artifacts.every((bytes) => artifacts[0]?.equals(bytes))).toBe(true);
  });
});

describe('openRegistry()', () => {
  it('pulls by digest, and by tag and digest', async () => {
    const { host } = await startRegistry('');
    await push(host);
    const digest = (
      await sh('skopeo inspect --tls-verify=false --format "{{.Digest}}" "docker://$1/test/os:v1"', host)
    ).trim();
    expect(await pull(`${host}/test/os@${digest}`)).toEqual(diffIds);
    expect(await pull(`${host}/test/os:v1@${digest}`)).toEqual(diffIds);
  });

  it('answers a Basic challenge', async () => {
    const directory = scratch('htpasswd');
    mkdirSync(directory);
    await sh(BCRYPT, directory, USER, PASSWORD);
    const { host } = await startRegistry(`auth: {htpasswd: {realm: test, path: ${directory}/users}}\n`);
    await push(host, '--dest-creds', `${USER}:${PASSWORD}`);
    expect(await pull(`${host}/test/os:v1`, [authFile(host)])).toEqual(diffIds);
    await expect(pull(`${host}/test/os:v1`)).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
    await expect(pull(`${host}/test/os:v1`, [authFile(host, 'wrong')])).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    });
  });

  it('answers a Bearer challenge with a token of the token server', async () => {
    const tokens = await startTokenServer();
    const { host } = await startRegistry(
      `auth: {token: {realm: "${tokens.realm}", service: test, issuer: tests, rootcertbundle: ${tokens.certificate}}}\n`,
    );
    await push(host, '--dest-creds', `${USER}:${PASSWORD}`);
    expect(await pull(`${host}/test/os:v1`, [authFile(host)])).toEqual(diffIds);
    expect(tokens.scopes).toContain('repository:test/os:pull');
    await expect(pull(`${host}/test/os:v1`)).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
  });

  it('refuses a tag, a blob and a registry that are not there', async () => {
    const { host, storage } = await startRegistry('');
    await push(host);
    await expect(pull(`${host}/test/os:v9`)).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    await expect(pull(`${host}/other:v1`)).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    rmSync(largestBlob(storage));
    await expect(pull(`${host}/test/os:v1`)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    await expect(pull(`127.0.0.1:${await freePort()}/test/os:v1`)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
    });
  });

  it('refuses a blob whose bytes are not those of its digest', async () => {
    const { host, storage } = await startRegistry('');
    await push(host);
    const path = largestBlob(storage);
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    writeFileSync(path, bytes);
    await expect(pull(`${host}/test/os:v1`)).rejects.toMatchObject({ code: 'BLOB_WRONG_DIGEST' });
  });
});

describe('parseReference()', () => {
  it.for([
    ['registry.example/a/b:tag', 'registry.example', 'a/b', 'tag'],
    ['localhost/a', 'localhost', 'a', 'latest'],
    ['127.0.0.1:5000/a:b', '127.0.0.1:5000', 'a', 'b'],
    ['[::1]:5000/a:b', '[::1]:5000', 'a', 'b'],
    [`host.example/a:b@sha256:${'0'.repeat(64)}`, 'host.example', 'a', `sha256:${'0'.repeat(64)}`],
  ] as const)('reads %s', ([text, host, repository, target]) => {
    expect(parseReference(text)).toEqual({ host, server: host, repository, target, text });
  });

  it.for([
    '',
    'name',
    'user/name:1.2',
    'A/b',
    'a//b',
    'host.example/',
    'a:b:c',
    'a b',
    'host.example/a@sha256:1',
    'a@b@c',
    'user@host.example/a',
  ])('refuses %j', (text) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/REFERENCE_INVALID|DIGEST_INVALID/) as unknown }),
    );
  });
});

function largestBlob(storage: string): string {
  const blobs = readdirSync(storage, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('/data'))
    .map((path) => join(storage, path));
  return blobs.toSorted((a, b) => statSync(b).size - statSync(a).size)[0] ?? '';
}

/** A token server that the registry trusts by its certificate. */
async function startTokenServer(): Promise<{
  readonly realm: string;
  readonly certificate: string;
  readonly scopes: string[];
}> {
  const directory = scratch('tokens');
  mkdirSync(directory);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(directory, 'key.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
  await sh(
    'openssl req -new -x509 -key "$1/key.pem" -subj /CN=tests -days 2 -out "$1/certificate.pem"',
    directory,
  );
  const chain = readFileSync(join(directory, 'certificate.pem'), 'utf8').replaceAll(
    /-----[^-]*-----|\n/g,
    '',
  );
  const scopes: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    const scope = url.searchParams.get('scope') ?? '';
    scopes.push(scope);
    const [type, name, actions = ''] = scope.split(':');
    const known =
      request.headers.authorization === `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: 'tests',
      aud: 'test',
      sub: USER,
      iat: now,
      nbf: now - 10,
      exp: now + 600,
      jti: String(scopes.length),
      access: known && scope !== '' ? [{ type, name, actions: actions.split(',') }] : [],
    };
    const signed = `${part({ typ: 'JWT', alg: 'RS256', x5c: [chain] })}.${part(claims)}`;
    const token = `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ token }));
  });
  server.listen(0, '127.0.0.1');
  stops.push(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { realm: `http://127.0.0.1:${port}/token`, certificate: join(directory, 'certificate.pem'), scopes };
}

/** A part of a JSON Web Token. */
function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
