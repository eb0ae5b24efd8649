/**
 * Makes sure that what is used of the pins can be had, and moves on by itself where it cannot: what has gone everywhere moves to the
 * newest point release of its series, in the lock of this machine's cache. For the commands that have to work on the day after a
 * point release; a build is strict and moves nothing.
 */
import type { CacheDirectory } from '../cache-directory.ts';
import { SlicesError } from '../errors.ts';
import { gather, missingError, withLists, type Missing } from '../sources/gather.ts';
import type { Wanted } from '../sources/wanted.ts';
import { movedTo, type Moving } from './move.ts';
import { lockDigest, movesBetween, type MachineLock } from './overlay.ts';
import type { Pins } from './pin.ts';
import { wantedOf, type PinUse } from './use.ts';

/** What {@link ensurePins} is told. */
export interface EnsureOptions {
  /** As they are in force. */
  readonly pins: Pins;
  /** What is used now. */
  readonly needed: PinUse;
  /** What is used when something has moved, for then more is built anew. */
  readonly whole: PinUse;
  /** What moves to its newest in any case. */
  readonly moving?: Pick<Moving, 'sources' | 'toolchain'>;
  /** Whether only what has moved has to be there. */
  readonly onlyMoved?: boolean;
  readonly cache: CacheDirectory;
  readonly onLine: (line: string) => void;
}

/**
 * The pins whose files the cache has now: those in force, or moved ones. Nothing is written down here. A release that the lists name and
 * the pool does not have is passed over for the next newest.
 *
 * @throws SlicesError what {@link gather} could not have for another reason than that it is gone, so that wrong bytes, a wrong
 * signature or a broken network move nothing; `PINS_STUCK` when there is nothing to move to
 */
export async function ensurePins(options: EnsureOptions): Promise<Pins> {
  const { needed, whole, cache, onLine } = options;
  const sources = new Set(options.moving?.sources);
  const without = new Set<string>();
  let toolchain = options.moving?.toolchain ?? false;
  const moved = (): Promise<Pins> =>
    withLists(cache, onLine, (apt) =>
      movedTo(apt, options.pins, { sources: [...sources], toolchain, without }),
    );
  let pins = options.moving === undefined ? options.pins : await moved();
  let use = needed;
  for (;;) {
    const asked = wantedOf(use, pins).filter(({ kind, name, version }) => {
      const before = kind === 'source' ? options.pins.sources[name]?.version : undefined;
      return options.onlyMoved !== true || version !== before;
    });
    const missing = await gather(asked, cache, onLine);
    if (missing.length === 0) return pins;
    const error = missingError(missing, cache);
    if (error.code !== 'SOURCE_VERSION_GONE') throw error;
    for (const { kind, name, version } of missing.map(({ wanted }) => wanted)) {
      if (kind === 'package') toolchain = true;
      else {
        sources.add(name);
        without.add(`${name} ${version}`);
      }
    }
    pins = await moved();
    const stuck = missing.filter(({ wanted }) => isStuck(wanted, pins, without));
    if (stuck.length > 0) throw stuckError(stuck, error);
    use = whole;
  }
}

/** Whether pins still want what cannot be had. */
function isStuck(
  { kind, name, version }: Wanted,
  { sources, toolchain }: Pins,
  without: ReadonlySet<string>,
): boolean {
  return kind === 'source'
    ? without.has(`${name} ${sources[name]?.version ?? version}`)
    : toolchain.packages.some((each) => each.name === name && each.version === version);
}

function stuckError(stuck: readonly Missing[], gone: SlicesError): SlicesError {
  const names = stuck.map(({ wanted: { kind, name, version } }) => `${kind} ${name} ${version}`);
  return new SlicesError(
    'PINS_STUCK',
    `Cannot move on: the mirror's lists name nothing newer of the same series than\n  ${names.join('\n  ')}\n${gone.message}`,
    {
      hint: 'Use a mirror that is up to date (COCON_DEBIAN_MIRROR), or name a directory that has the files in COCON_SOURCES or a snapshot archive in COCON_DEBIAN_SNAPSHOT.',
      facts: { stuck: names.join(', ') },
    },
  );
}

/** The lock that brings a machine from the repository's pins to others. */
export function machineLockOf(repository: Pins, pins: Pins): MachineLock {
  const moved = movesBetween(repository, pins);
  const sources = moved.flatMap(({ kind, name, from }) => {
    const to = kind === 'source' ? pins.sources[name] : undefined;
    return from === undefined || to === undefined ? [] : [[name, { from, to }] as const];
  });
  return {
    format: 'cocon.pins/1',
    sources: Object.fromEntries(sources),
    ...(moved.some(({ kind }) => kind === 'package')
      ? { toolchain: { from: lockDigest(repository.toolchain), to: pins.toolchain } }
      : {}),
  };
}
