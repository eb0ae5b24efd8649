/**
 * A Debian archive on loopback that the real apt reads: lists that are signed by a throwaway key, a pool, and what the server
 * answers for each of its files. A snapshot archive of all that was ever in the pool can be had beside it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { DEBIAN_SUITE } from '../src/sources/debian-source.ts';

const run = promisify(execFile);

/** What a file of the pool holds. */
export type Contents = Buffer | { readonly path: string };

/** A file, and the package in one version that it is of. */
export interface ArchiveFile {
  readonly name: string;
  readonly contents: Contents;
  /** Lower-case hexadecimal; that of the contents, if not given. */
  readonly sha256?: string;
}

/** A binary package. */
export interface ArchivePackage {
  readonly name: string;
  readonly version: string;
  readonly file: ArchiveFile;
  /** Further fields of its paragraph: `Depends` and the like. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** A source package. */
export interface ArchiveSource {
  readonly name: string;
  readonly version: string;
  readonly files: readonly ArchiveFile[];
}

/** How the server answers who asks for a file of the pool. */
export type Answer = (response: ServerResponse, bytes: Buffer) => void;

/** An archive that serves. */
export interface DebianArchive extends AsyncDisposable {
  /** Of the mirror: `http://127.0.0.1:1234/debian`. */
  readonly address: string;
  /** Of the snapshot archive, which has what {@link ArchiveState.snapshot} says. */
  readonly snapshotAddress: string;
  /** The keys that its lists are signed with. */
  readonly keyring: string;
  /** For `APT_CONFIG`: no proxy stands between, and nothing is waited for before a second try. */
  readonly aptConfig: string;
}

/** What it serves; changes are seen at the next request. */
export interface ArchiveState {
  packages: readonly ArchivePackage[];
  sources: readonly ArchiveSource[];
  /** By the name of a file of the pool. Others are given whole. */
  answers?: Readonly<Record<string, Answer>>;
  /** Packages and sources of the snapshot archive. */
  snapshot?: { readonly packages: readonly ArchivePackage[]; readonly sources: readonly ArchiveSource[] };
  /** Signs the lists by a key that is not in the keyring. */
  wrongKey?: boolean;
}

/** Starts an archive. */
export async function serveArchive(state: ArchiveState): Promise<DebianArchive> {
  const home = await mkdtemp(join(tmpdir(), 'cocon-archive-'));
  const keys = await makeKeys(home);
  const aptConfig = join(home, 'apt.conf');
  await writeFile(
    aptConfig,
    'Acquire::http::Proxy::127.0.0.1 "DIRECT";\nAcquire::Retries::Delay "false";\nAcquire::Check-Date "false";\n',
  );
  const lists = new Lists(state, keys);
  const server = createServer((request, response) => {
    answer(decodeURIComponent(request.url ?? ''), response, state, lists).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  const address = await listen(server);
  return {
    address: `${address}/debian`,
    snapshotAddress: `${address}/snapshot`,
    keyring: keys.keyring,
    aptConfig,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await run('gpgconf', ['--homedir', home, '--kill', 'all']).catch(() => {});
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is one
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

/** Two keys, of which the keyring holds one. */
interface Keys {
  readonly home: string;
  readonly keyring: string;
}

const RIGHT = 'archive@example.org';
const WRONG = 'stranger@example.org';

async function makeKeys(home: string): Promise<Keys> {
  for (const name of [RIGHT, WRONG]) {
    const parameters = `%no-protection\nKey-Type: eddsa\nKey-Curve: ed25519\nName-Email: ${name}\n%commit\n`;
    const file = join(home, 'key');
    await writeFile(file, parameters);
    await run('gpg', ['--homedir', home, '--batch', '--quiet', '--generate-key', file]);
  }
  const keyring = join(home, 'archive.gpg');
  await run('gpg', ['--homedir', home, '--batch', '--output', keyring, '--export', RIGHT]);
  return { home, keyring };
}

/** The lists of the suite, signed once for each state of the archive. */
class Lists {
  readonly #state: ArchiveState;
  readonly #keys: Keys;
  readonly #hashes = new Map<string, string>();
  readonly #signed = new Map<string, Promise<string>>();

  constructor(state: ArchiveState, keys: Keys) {
    this.#state = state;
    this.#keys = keys;
  }

  async text(suite: string, list: string): Promise<string | undefined> {
    if (list === 'InRelease') return await this.#inRelease(suite);
    return (await this.#lists(suite)).get(list);
  }

  /** All is in the suite; its updates are empty. */
  async #lists(suite: string): Promise<ReadonlyMap<string, string>> {
    const { packages, sources } = suite === DEBIAN_SUITE ? this.#state : { packages: [], sources: [] };
    const paragraphs: string[] = [];
    for (const each of packages) paragraphs.push(await this.#package(each));
    const sourceParagraphs: string[] = [];
    for (const each of sources) sourceParagraphs.push(await this.#source(each));
    return new Map([
      ['main/binary-amd64/Packages', paragraphs.join('\n')],
      ['main/source/Sources', sourceParagraphs.join('\n')],
    ]);
  }

  async #inRelease(suite: string): Promise<string> {
    const hashes = [...(await this.#lists(suite))].map(
      ([name, text]) => ` ${hashOf('sha256', text)} ${Buffer.byteLength(text)} ${name}\n`,
    );
    const release = `Suite: ${suite}\nCodename: ${suite}\nComponents: main\nArchitectures: amd64\nDate: ${new Date().toUTCString()}\nSHA256:\n${hashes.join('')}`;
    const signer = this.#state.wrongKey === true ? WRONG : RIGHT;
    // The date alone is no reason to sign anew.
    const key = `${signer}\n${release.replace(/^Date: .*$/m, '')}`;
    const known = this.#signed.get(key) ?? this.#sign(release, signer);
    this.#signed.set(key, known);
    return await known;
  }

  async #sign(text: string, signer: string): Promise<string> {
    const { home } = this.#keys;
    const file = join(home, `release-${this.#signed.size}`);
    await writeFile(file, text);
    const args = ['--homedir', home, '--batch', '--local-user', signer, '--output', `${file}.asc`];
    await run('gpg', [...args, '--clearsign', file]);
    return await readFile(`${file}.asc`, 'utf8');
  }

  async #package({ name, version, file, fields = {} }: ArchivePackage): Promise<string> {
    const extra = Object.entries(fields).map(([field, value]) => `${field}: ${value}\n`);
    const sha256 = file.sha256 ?? (await this.#sha256(file));
    return `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: none\nDescription: none\n${extra.join('')}Filename: pool/${file.name}\nSize: ${await sizeOf(file)}\nSHA256: ${sha256}\n`;
  }

  async #source({ name, version, files }: ArchiveSource): Promise<string> {
    const dsc = `${name}_${version.replace(/^\d+:/, '')}.dsc`;
    const sums = [` ${hashOf('sha256', dsc)} ${dsc.length} ${dsc}\n`];
    for (const file of files) {
      sums.push(` ${file.sha256 ?? (await this.#sha256(file))} ${await sizeOf(file)} ${file.name}\n`);
    }
    return `Package: ${name}\nBinary: ${name}-tools, lib${name}-dev\nVersion: ${version}\nMaintainer: none\nFormat: 3.0 (quilt)\nDirectory: pool\nChecksums-Sha256:\n${sums.join('')}`;
  }

  async #sha256(file: ArchiveFile): Promise<string> {
    const { contents } = file;
    if (Buffer.isBuffer(contents)) return hashOf('sha256', contents);
    const known = this.#hashes.get(contents.path) ?? (await hashOfFile('sha256', contents.path));
    this.#hashes.set(contents.path, known);
    return known;
  }
}

async function answer(
  url: string,
  response: ServerResponse,
  state: ArchiveState,
  lists: Lists,
): Promise<void> {
  const [, suite = '', list = ''] = /^\/debian\/dists\/([^/]+)\/(.*)$/.exec(url) ?? [];
  if (suite !== '') {
    const text = await lists.text(suite, list);
    if (text === undefined) response.writeHead(404).end();
    else response.end(text);
    return;
  }
  const [, name] = /^\/debian\/\/?pool\/(.*)$/.exec(url) ?? [];
  if (name !== undefined) {
    const file = filesOf(state).find((each) => each.name === name);
    const own = state.answers?.[name];
    if (file === undefined) response.writeHead(404).end();
    else if (own !== undefined) own(response, await bytesOf(file));
    else await send(file, response);
    return;
  }
  await answerSnapshot(url, response, state.snapshot);
}

function filesOf({ packages, sources }: Pick<ArchiveState, 'packages' | 'sources'>): readonly ArchiveFile[] {
  return [...packages.map(({ file }) => file), ...sources.flatMap(({ files }) => files)];
}

/** The two questions of a snapshot archive's machine interface, and its files by their SHA-1. */
async function answerSnapshot(
  url: string,
  response: ServerResponse,
  snapshot: ArchiveState['snapshot'],
): Promise<void> {
  if (snapshot === undefined) {
    response.writeHead(404).end();
    return;
  }
  const [, sha1] = /^\/snapshot\/file\/([0-9a-f]{40})$/.exec(url) ?? [];
  if (sha1 !== undefined) {
    for (const file of filesOf(snapshot)) {
      if ((await sha1Of(file)) !== sha1) continue;
      await send(file, response);
      return;
    }
    response.writeHead(404).end();
    return;
  }
  const [, kind, name, version] =
    /^\/snapshot\/mr\/(package|binary)\/([^/]+)\/([^/]+)\/(?:src|bin)files\?fileinfo=1$/.exec(url) ?? [];
  const files =
    kind === 'package'
      ? snapshot.sources
          .filter((each) => each.name === name && each.version === version)
          .flatMap((each) => each.files)
      : snapshot.packages
          .filter((each) => each.name === name && each.version === version)
          .map(({ file }) => file);
  if (files.length === 0) {
    response.writeHead(404).end();
    return;
  }
  const fileinfo: Record<string, readonly unknown[]> = {};
  for (const file of files) {
    const size = await sizeOf(file);
    fileinfo[await sha1Of(file)] = [{ name: file.name, archive_name: 'debian', path: '/pool', size }];
  }
  const result = Object.keys(fileinfo).map((hash) => ({ hash }));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ _comment: 'foo', package: name, version, result, fileinfo }));
}

async function send({ contents }: ArchiveFile, response: ServerResponse): Promise<void> {
  if (Buffer.isBuffer(contents)) {
    response.end(contents);
    return;
  }
  response.setHeader('content-length', (await stat(contents.path)).size);
  createReadStream(contents.path).pipe(response);
}

async function bytesOf({ contents }: ArchiveFile): Promise<Buffer> {
  return Buffer.isBuffer(contents) ? contents : await readFile(contents.path);
}

async function sizeOf({ contents }: ArchiveFile): Promise<number> {
  return Buffer.isBuffer(contents) ? contents.length : (await stat(contents.path)).size;
}

async function sha1Of({ contents }: ArchiveFile): Promise<string> {
  return Buffer.isBuffer(contents) ? hashOf('sha1', contents) : await hashOfFile('sha1', contents.path);
}

function hashOf(algorithm: string, bytes: string | Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

async function hashOfFile(algorithm: string, path: string): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
