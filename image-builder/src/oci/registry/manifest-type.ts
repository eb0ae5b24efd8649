/** What kind of document a registry has sent, when its `Content-Type` does not say it. */
import { z } from 'zod';

import { INDEX_TYPES, MANIFEST_TYPES } from '../media-types.ts';

const KNOWN = [...INDEX_TYPES, ...MANIFEST_TYPES];
const [INDEX = ''] = INDEX_TYPES;
const [MANIFEST = ''] = MANIFEST_TYPES;

const manifestDocument = z.looseObject({ mediaType: z.unknown() });

/**
 * The media type of `document`, which came as `contentType`. Servers of plain files, and proxies,
 * call a manifest text, JSON or nothing; then its own `mediaType` counts, and its fields where it
 * has none. A document that has the fields of both kinds is never guessed (CVE-2021-41190).
 * `undefined` for what is not a JSON object at all, as a login page.
 */
export function manifestType(contentType: string, document: Uint8Array): string | undefined {
  const said = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (KNOWN.includes(said)) return said;
  const read = manifestDocument.safeParse(readJson(document));
  if (!read.success) return undefined;
  const { mediaType, ...fields } = read.data;
  if (typeof mediaType === 'string') return mediaType;
  const [isIndex, isManifest] = ['manifests' in fields, 'config' in fields || 'layers' in fields];
  return isIndex === isManifest ? said : isIndex ? INDEX : MANIFEST;
}

function readJson(document: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(document));
  } catch {
    return undefined;
  }
}
