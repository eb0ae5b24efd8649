/** A source as it stands in the graph. */
import { readFile } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';

import { shownPath } from '../define/location.ts';
import { sliceInvalid, type Slice } from '../define/slice.ts';
import type { Source } from '../define/source.ts';
import { messageOf } from '@cocon-os/cli';
import { SlicesError } from '../errors.ts';
import { lockedCrates } from '../sources/cargo-lock.ts';
import { movedPins } from '../pins/pins.ts';
import { filesOf, type DebianSource } from '../sources/debian-source.ts';
import { sha256Of } from '../stable-json.ts';
import type { GraphPatch, GraphPatched, GraphSource } from './graph.ts';
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
        ...movedFrom(source),
        patched: source.patched,
        exclude: source.exclude ?? [],
        ...(await plainPatches(slice, source.patches)),
      };
    case 'url':
      return {
        kind: 'url',
        url: source.url,
        sha256: pinned(slice, source.sha256, SHA256),
        exclude: source.exclude ?? [],
        ...(await plainPatches(slice, source.patches)),
      };
    case 'git':
      return {
        kind: 'git',
        url: source.url,
        commit: pinned(slice, source.commit, COMMIT),
        ...(await plainPatches(slice, source.patches)),
      };
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
      return { kind: 'local', path: shownPath(source.path), digest };
    }
  }
}

/** The patches of a slice, read now; nothing where it has none, so that its record stays as it was. */
async function plainPatches(slice: Slice, paths: readonly string[] = []): Promise<GraphPatched> {
  if (!Array.isArray(paths)) throw patchInvalid(slice, 'they are not a list');
  const patches: GraphPatch[] = [];
  for (const path of paths) {
    if (typeof path !== 'string' || !isAbsolute(path)) {
      throw patchInvalid(slice, `${JSON.stringify(path)} is not an absolute path`);
    }
    const name = basename(path);
    if (!FILE_NAME.test(name)) throw patchInvalid(slice, `${JSON.stringify(name)} cannot name a patch`);
    if (patches.some((other) => other.name === name)) {
      throw patchInvalid(slice, `two of them are called ${name}`);
    }
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw patchInvalid(slice, `${shownPath(path)} cannot be read: ${messageOf(cause)}`);
    });
    patches.push({ name, path: shownPath(path), sha256: sha256Of(bytes) });
  }
  return patches.length === 0 ? {} : { patches };
}

function patchInvalid(slice: Slice, why: string): SlicesError {
  const hint = "List files beside the slice: patches: [join(import.meta.dirname, 'fix-build.patch')].";
  return sliceInvalid(slice, 'source.patches', why, hint);
}

function movedFrom({ package: name, version }: DebianSource): { readonly movedFrom?: string } {
  const move = movedPins.find((each) => each.kind === 'source' && each.name === name && each.to === version);
  return move?.from === undefined ? {} : { movedFrom: move.from };
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
