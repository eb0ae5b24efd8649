/**
 * The key under which a build's outcome is kept: a hash over everything that can change it, and nothing else.
 *
 * Needs count by what they came to, not by how they were made: a dependency that was rebuilt into the same bytes
 * rebuilds nothing. Licence, summary and kernel demands change no byte of a slice's own layers and are left out.
 */
import { createHash } from 'node:crypto';

import type { Slice } from '../define-slice.ts';
import { filesOf } from '../sources/debian-source.ts';
import { sandboxArguments } from './sandbox.ts';

/** Raised when the builder itself comes to make other bytes from the same definition. */
const BUILDER_VERSION = 1;

/** What the key is made of besides the definition. */
export interface KeyFacts {
  /** Digest of the `dev` output of each need, by name. */
  readonly needs: Readonly<Record<string, string>>;
  /** Versions of the host's packages, by name. */
  readonly hostPackages: Readonly<Record<string, string>>;
}

/** 64 lower-case hexadecimal digits. */
export function cacheKey(slice: Slice, facts: KeyFacts): string {
  const { build, source } = slice;
  const recipe =
    build.kind === 'entries'
      ? {
          entries: build.entries.map((entry) =>
            'contents' in entry ? { ...entry, contents: sha256(entry.contents) } : entry,
          ),
        }
      : {
          steps: build.steps.map(({ name, script }) => [name, script]),
          inputs: build.inputs ?? {},
          source: source && { files: filesOf(source), exclude: source.exclude ?? [] },
          sandbox: sandboxArguments({ readOnly: {}, writable: {} }, []),
          hostPackages: facts.hostPackages,
          needs: facts.needs,
        };
  return sha256(
    stableJson({
      builder: BUILDER_VERSION,
      name: slice.name,
      version: slice.version,
      outputs: slice.outputs,
      recipe,
    }),
  );
}

/** JSON with the members of every object sorted by name. */
function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
