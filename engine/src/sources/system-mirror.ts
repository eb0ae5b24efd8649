/**
 * Which Debian mirror this machine uses, as its apt configuration says (sources.list(5)).
 *
 * The mirror is the URI whose entry serves the system's own suite with component `main`, see {@link chooseMirror}; the suites of
 * security updates are named otherwise and fall away.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SlicesError } from '../errors.ts';

/** One entry of an apt configuration. */
export interface AptEntry {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** The keyring that it is checked with. */
  readonly signedBy?: string;
}

/** The entries of a one-line-style file (`*.list`). Comments and what is no entry are passed over. */
export function parseOneLineStyle(text: string): AptEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(?:deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    return [
      {
        uris: [uri],
        suites: [suite],
        components: words(components),
        ...(signedBy === undefined ? {} : { signedBy }),
      },
    ];
  });
}

/** The entries of a deb822-style file (`*.sources`) that are not disabled. */
export function parseDeb822Style(text: string): AptEntry[] {
  const uncommented = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  return uncommented.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    for (const [, name = '', value = ''] of stanza.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)/gm)) {
      fields.set(name.toLowerCase(), value);
    }
    if (fields.get('enabled')?.trim().toLowerCase() === 'no') return [];
    if (!words(fields.get('types')).some((type) => type === 'deb' || type === 'deb-src')) return [];
    const [uris, suites] = [words(fields.get('uris')), words(fields.get('suites'))];
    const signedBy = fields.get('signed-by')?.trim();
    const components = words(fields.get('components'));
    return [{ uris, suites, components, ...(signedBy === undefined ? {} : { signedBy }) }];
  });
}

/**
 * The mirror that serves `codename` with component `main`, without a slash at its end. Vendors have such suites too: what
 * Debian's keys are named for comes first, then what has the system's updates, its codename, or only a suite named stable.
 */
export function chooseMirror(entries: readonly AptEntry[], codename: string): string | undefined {
  const names = new Set([codename, 'stable', 'oldstable']);
  const serving = entries.filter(
    ({ suites, components }) => components.includes('main') && suites.some((suite) => names.has(suite)),
  );
  const serves = (uri: string, suite: string): boolean =>
    entries.some(({ uris, suites }) => suites.includes(suite) && uris.some((each) => bare(each) === uri));
  const signs: readonly ((entry: AptEntry, uri: string) => boolean)[] = [
    ({ signedBy }) => signedBy?.includes('debian-archive') === true,
    (_, uri) => serves(uri, `${codename}-updates`),
    ({ suites }) => suites.includes(codename),
    () => true,
  ];
  for (const sign of signs) {
    const entry = serving.find((each) => sign(each, bare(each.uris[0] ?? '')));
    if (entry?.uris[0] !== undefined) return bare(entry.uris[0]);
  }
  return undefined;
}

function bare(uri: string): string {
  return uri.replace(/\/+$/, '');
}

/**
 * The Debian mirror of this machine. `COCON_DEBIAN_MIRROR` stands above all.
 *
 * @throws SlicesError `MIRROR_NOT_FOUND`
 */
export async function systemMirror(
  root = '/',
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const chosen = environment['COCON_DEBIAN_MIRROR'];
  if (chosen) return bare(chosen);
  const apt = join(root, 'etc/apt');
  const parts = await readdir(join(apt, 'sources.list.d')).catch(() => []);
  const files = [
    'sources.list',
    ...parts.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => join('sources.list.d', name)),
  ];
  const entries: AptEntry[] = [];
  for (const file of files) {
    if (!/\.(list|sources)$/.test(file)) continue;
    const text = await readFile(join(apt, file), 'utf8').catch(() => '');
    entries.push(...(file.endsWith('.list') ? parseOneLineStyle(text) : parseDeb822Style(text)));
  }
  const release = await readFile(join(root, 'etc/os-release'), 'utf8').catch(() => '');
  const codename = /^VERSION_CODENAME="?([a-z]+)/m.exec(release)?.[1] ?? '';
  const mirror = chooseMirror(entries, codename);
  if (mirror === undefined) {
    throw new SlicesError(
      'MIRROR_NOT_FOUND',
      `Cannot find a Debian mirror: ${entries.length} entries in ${apt}, none with suite "${codename}" and component main`,
      { hint: 'Set COCON_DEBIAN_MIRROR to the address of a Debian mirror.' },
    );
  }
  return mirror;
}

/** Debian's own keys; its package of the same name carries those of the next release too. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The keys that the lists of the mirror have to be signed with: Debian's, or those in the file that `COCON_DEBIAN_KEYRING` names. */
export function mirrorKeyring(environment: NodeJS.ProcessEnv = process.env): string {
  return environment['COCON_DEBIAN_KEYRING'] || KEYRING;
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
