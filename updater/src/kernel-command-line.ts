/** What the loader told this boot about itself (FORMAT.md §9). */
import type { Platform } from './platform.ts';
import { decodeText } from './text.ts';

/** The loader's words of /proc/cmdline; each is absent on a machine that our loader did not start. */
export interface BootFacts {
  readonly slot: number | undefined;
  /** Digest of the running release, hexadecimal. */
  readonly release: string | undefined;
  /** GPT partition UUID of the volume, lower case. */
  readonly partitionUuid: string | undefined;
  /** Whether the disk's primary partition table could not be used. */
  readonly tableLost: boolean;
  /** In a trial: which attempt this is, of how many. */
  readonly attempt: { readonly number: number; readonly total: number } | undefined;
}

const COMMAND_LINE = '/proc/cmdline';
const MAX_COMMAND_LINE = 65_536;

/** Reads /proc/cmdline. */
export function readBootFacts(platform: Platform): BootFacts {
  return parseCommandLine(
    decodeText(platform.readFile(COMMAND_LINE, MAX_COMMAND_LINE) ?? new Uint8Array(0)) ?? '',
  );
}

/** The loader's words come after the release's own, so the last of a name counts; quoted text holds none. */
export function parseCommandLine(line: string): BootFacts {
  const unquoted = line.replaceAll(/"[^"]*"?/g, '');
  const words = unquoted.split(/\s+/);
  const last = (pattern: RegExp): string | undefined =>
    words.map((word) => pattern.exec(word)?.[1]).findLast((value) => value !== undefined);
  const slot = last(/^cocon\.slot=([0-9]{1,2})$/);
  const [number, total] = last(/^cocon\.attempt=([0-9]{1,2}\/[0-9]{1,2})$/)?.split('/') ?? [];
  return {
    slot: slot === undefined ? undefined : Number(slot),
    release: last(/^cocon\.release=([0-9a-f]{64})$/),
    partitionUuid: last(/^cocon\.volume=PARTUUID=([0-9a-f-]{36})$/),
    // A release may say `gpt` for itself, before the loader's words.
    tableLost: /\scocon\.volume=\S+ gpt(?:\s|$)/.test(unquoted),
    attempt:
      number === undefined || total === undefined
        ? undefined
        : { number: Number(number), total: Number(total) },
  };
}
