/** Where an image may come from: a path, standard input, or a server. */
import { shownUrl } from '@cocon-os/cli';
import type { Waiting } from '@cocon-os/cli/http';

import { UpdaterError } from './errors.ts';
import { openHttpSource } from './http-source.ts';
import type { ByteSource, Platform } from './platform.ts';

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

/** Whether a location is on this machine. */
export function isLocal(location: string): boolean {
  return !SCHEME.test(location);
}

/**
 * Opens `location`. Throws the codes of {@link openHttpSource}, `SOURCE_NOT_FOUND`, `SOURCE_IO`,
 * and `SOURCE_UNSUPPORTED` for a URL of another kind.
 */
export async function openSource(
  platform: Platform,
  location: string,
  { onWait, onNote }: Pick<Waiting, 'onWait' | 'onNote'>,
): Promise<ByteSource> {
  const scheme = SCHEME.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return platform.openSource(location);
  if (scheme === 'http' || scheme === 'https') {
    return openHttpSource(platform.http, location, {
      sleep: (milliseconds) => platform.sleep(milliseconds),
      now: () => platform.now(),
      onWait,
      ...(onNote === undefined ? {} : { onNote }),
    });
  }
  throw new UpdaterError(
    'SOURCE_UNSUPPORTED',
    `Cannot open ${shownUrl(location)}: an image comes by http, and this is ${scheme}`,
    { hint: 'Give an http:// URL, a path, or - for standard input.' },
  );
}
