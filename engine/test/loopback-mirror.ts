/** A small Debian archive as the mirror of one test: packages of one line, and what the server answers for each of them. */
import type { ServerResponse } from 'node:http';

import { onTestFinished, vi } from 'vitest';

import { sha256Of } from '../src/stable-json.ts';
import type { DebianSource } from '../src/sources/debian-source.ts';
import type { LockedPackage } from '../src/toolchain/lock.ts';
import { serveArchive, type Answer, type ArchiveState, type DebianArchive } from './debian-archive.ts';

/** The file itself. */
export const whole: Answer = (response, bytes) => void response.end(bytes);

/** Only a status. */
export const status =
  (code: number): Answer =>
  (response: ServerResponse) =>
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

/** Starts an archive and makes it the mirror of this test. */
export async function mirrorOf(state: ArchiveState): Promise<DebianArchive> {
  const archive = await serveArchive(state);
  onTestFinished(() => archive[Symbol.asyncDispose]());
  vi.stubEnv('COCON_DEBIAN_MIRROR', archive.address);
  vi.stubEnv('COCON_DEBIAN_KEYRING', archive.keyring);
  vi.stubEnv('APT_CONFIG', archive.aptConfig);
  return archive;
}

/**
 * Starts the mirror of those packages, and of source packages of one file each. A source package is answered for as the package of
 * its name. Both lists are read anew at each request: a test may take packages away.
 */
export async function loopbackMirror(
  answers: Readonly<Record<string, Answer>>,
  sources: readonly string[] = [],
): Promise<DebianArchive> {
  const debOf = (name: string): string => `${name}_1+b~1-1_amd64.deb`;
  return await mirrorOf({
    get packages() {
      return Object.keys(answers).map((name) => ({
        name,
        version: VERSION,
        file: { name: debOf(name), contents: bytesOf(name) },
      }));
    },
    get sources() {
      return sources.map((name) => {
        const { version, upstream } = sourceOf(name);
        return { name, version, files: [{ name: upstream.name, contents: bytesOf(name) }] };
      });
    },
    get answers() {
      return Object.fromEntries(
        Object.entries(answers).flatMap(([name, answer]) => [
          [debOf(name), answer],
          [sourceOf(name).upstream.name, answer],
        ]),
      );
    },
  });
}

/** The source package of a mirror, by its name. */
export function sourceOf(name: string, version = VERSION): DebianSource {
  const file = { name: `${name}_1+b~1.orig.tar`, sha256: sha256Of(bytesOf(name)) };
  return { package: name, version, upstream: file, debian: file, patched: false };
}
