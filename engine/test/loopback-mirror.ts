/** A Debian mirror on loopback that the real apt reads: small packages, and what the server answers for each of them. */
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, delimiter, join } from 'node:path';

import { onTestFinished, vi } from 'vitest';

import { sha256Of } from '../src/stable-json.ts';
import type { DebianSource } from '../src/sources/debian-source.ts';
import type { LockedPackage } from '../src/toolchain/lock.ts';
import { scratchDirectory } from './support.ts';

/** How the server answers who asks for a package's file. */
export type Answer = (response: ServerResponse, bytes: Buffer) => void;

/** The file itself. */
export const whole: Answer = (response, bytes) => void response.end(bytes);

/** Only a status. */
export const status =
  (code: number): Answer =>
  (response) =>
    void response.writeHead(code).end();

/** Half of what it promises, and then the end of the connection. */
export const half: Answer = (response, bytes) => {
  response.writeHead(200, { 'content-length': bytes.length });
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
};

/** As many bytes, but others. */
export const others: Answer = (response, bytes) => void response.end(Buffer.alloc(bytes.length));

/** An epoch, a plus and a tilde: all that apt writes otherwise in a file's name. Short, for apt-cache pads versions to a width. */
export const VERSION = '1:1+b~1-1';

/** The locked package of a mirror, by its name. */
export function packageOf(name: string, version = VERSION): LockedPackage {
  const bytes = bytesOf(name);
  return { name, version, sha256: sha256Of(bytes), size: bytes.length, depends: [] };
}

function bytesOf(name: string): Buffer {
  return Buffer.from(`the package ${name}\n`);
}

/**
 * Starts the mirror of those packages, and of source packages of one file each, and makes it the one of this test. A source package
 * is answered for as the package of its name. Its lists are not signed, which the apt of this test
 * is told to take: Debian's key cannot be had.
 */
export async function loopbackMirror(
  answers: Readonly<Record<string, Answer>>,
  sources: readonly string[] = [],
): Promise<void> {
  // Written anew each time: a test may take packages away.
  const listsNow = (): Readonly<Record<string, string>> => ({
    'main/binary-amd64/Packages': Object.keys(answers).map(packageParagraph).join('\n'),
    'main/source/Sources': sources.map(sourceParagraph).join('\n'),
  });
  const server = createServer(({ url = '' }, response) => {
    const [, suite = '', list = ''] = /\/dists\/([^/]+)\/(.*)$/.exec(url) ?? [];
    const [, name = ''] = /\/pool\/([^_]*)_.*\.(?:deb|tar)$/.exec(decodeURIComponent(url)) ?? [];
    const text = list === 'Release' ? releaseOf(suite, listsNow()) : listsNow()[list];
    const answer = text === undefined ? answers[name] : whole;
    if (answer === undefined) status(404)(response, Buffer.of());
    else answer(response, text === undefined ? bytesOf(name) : Buffer.from(text));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  vi.stubEnv('COCON_DEBIAN_MIRROR', `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian`);
  const programs = await scratchDirectory();
  const options = [
    'Acquire::AllowInsecureRepositories=true',
    'APT::Get::AllowUnauthenticated=true',
    'Acquire::http::Proxy::127.0.0.1=DIRECT',
    'Acquire::Retries::Delay=false',
  ];
  const words = options.map((option) => `-o ${option}`).join(' ');
  for (const program of ['/usr/bin/apt-get', '/usr/lib/apt/apt-helper']) {
    const wrapper = join(programs, basename(program));
    await writeFile(wrapper, `#!/bin/sh\nexec ${program} ${words} "$@"\n`);
    await chmod(wrapper, 0o755);
  }
  vi.stubEnv('PATH', `${programs}${delimiter}${process.env['PATH'] ?? ''}`);
}

/** The source package of a mirror, by its name. */
export function sourceOf(name: string, version = VERSION): DebianSource {
  const file = { name: `${name}_1+b~1.orig.tar`, sha256: sha256Of(bytesOf(name)) };
  return { package: name, version, upstream: file, debian: file, patched: false };
}

function packageParagraph(name: string): string {
  const { version, sha256, size } = packageOf(name);
  return `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: none\nDescription: none\nFilename: pool/${name}_1+b~1-1_amd64.deb\nSize: ${size}\nSHA256: ${sha256}\n`;
}

function sourceParagraph(name: string): string {
  const { version, upstream } = sourceOf(name);
  const files = (hash: string): string => ` ${hash} ${bytesOf(name).length} ${upstream.name}`;
  const dsc = `${name}.dsc`;
  return `Package: ${name}\nVersion: ${version}\nMaintainer: none\nDirectory: pool\nChecksums-Sha256:\n ${sha256Of(dsc)} 1 ${dsc}\n${files(upstream.sha256)}\n`;
}

function releaseOf(suite: string, lists: Readonly<Record<string, string>>): string {
  const hashes = Object.entries(lists).map(
    ([name, text]) => ` ${sha256Of(text)} ${Buffer.byteLength(text)} ${name}\n`,
  );
  return `Suite: ${suite}\nCodename: ${suite}\nComponents: main\nArchitectures: amd64\nDate: ${new Date().toUTCString()}\nSHA256:\n${hashes.join('')}`;
}
