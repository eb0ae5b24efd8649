/** A source as it stands in the graph. */
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';

import { REPOSITORY } from '../define/location.ts';
import { sliceInvalid, type Slice } from '../define/slice.ts';
import type { Source } from '../define/source.ts';
import { messageOf } from '@cocon-os/cli';
import { SlicesError } from '../errors.ts';
import { lockedCrates } from '../sources/cargo-lock.ts';
import { filesOf } from '../sources/debian-source.ts';
import type { GraphSource } from './graph.ts';
import { localDigest } from './local-digest.ts';

/** Throws `SLICE_INVALID` for a local source or a lock that cannot be read and for a pin that is none. */
export async function plainSource(slice: Slice, source: Source): Promise<GraphSource> {
  switch (source.kind) {
    case 'debian':
      return {
        kind: 'debian',
        package: source.package,
        version: source.version,
        files: filesOf(source).map(({ name, sha256 }) => ({
          name: plainName(slice, name),
          sha256: pinned(slice, sha256, SHA256),
        })),
        patched: source.patched,
        exclude: source.exclude ?? [],
      };
    case 'url':
      return {
        kind: 'url',
        url: source.url,
        sha256: pinned(slice, source.sha256, SHA256),
        exclude: source.exclude ?? [],
      };
    case 'git':
      return { kind: 'git', url: source.url, commit: pinned(slice, source.commit, COMMIT) };
    case 'crates': {
      const crates = await readFile(source.lock, 'utf8')
        .then((text) => lockedCrates(text, source.package).crates)
        .catch((cause: unknown) => {
          const { message, hint } = told(cause, 'Name the Cargo.lock of the workspace.');
          throw sliceInvalid(slice, 'source', message, hint);
        });
      return { kind: 'crates', crates };
    }
    case 'local': {
      const digest = await localDigest(source.path).catch((cause: unknown) => {
        const { message, hint } = told(cause, source.hint);
        throw sliceInvalid(slice, 'source', message, hint);
      });
      const path = relative(REPOSITORY, source.path);
      return { kind: 'local', path: path.startsWith('..') ? source.path : path, digest };
    }
  }
}

/** What the file system throws has no way out of its own. */
function told(cause: unknown, hint: string): { readonly message: string; readonly hint: string } {
  if (cause instanceof SlicesError) return { message: cause.message, hint: cause.hint ?? hint };
  return { message: `it cannot be read: ${messageOf(cause)}`, hint };
}

/** What Debian's archive calls files. It is part of paths, and of the script that unpacks it. */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9+.~_-]*$/;

function plainName(slice: Slice, name: string): string {
  if (FILE_NAME.test(name)) return name;
  const hint = 'Give the name that it has in the source package (.dsc), as hello_1.0.orig.tar.xz.';
  throw sliceInvalid(slice, 'source', `${JSON.stringify(name)} names no file of a source package`, hint);
}

const SHA256 = /^[0-9a-f]{64}$/;
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

function pinned(slice: Slice, pin: string, form: RegExp): string {
  if (form.test(pin)) return pin;
  throw sliceInvalid(
    slice,
    'source',
    `"${pin}" is no pin`,
    form === SHA256
      ? 'Give the SHA-256 of the file in 64 lower-case hexadecimal digits.'
      : 'Give the whole name of the commit; a branch or a tag would move.',
  );
}
