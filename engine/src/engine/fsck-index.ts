/** The index of a store and what it leads to, by the rules of image-layout.md. A store that was never written to has none. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import { isFile, type Findings } from './fsck-places.ts';
import type { Descriptor } from '../layer/oci.ts';
import type { Store } from './store.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The blobs have been looked at. */
export async function checkIndex(store: Store, findings: Findings): Promise<void> {
  const path = join(store.directory, 'index.json');
  if (!findings.isSound(path) || (await isFile(path, findings)) === undefined) return;
  await checkLayout(join(store.directory, 'oci-layout'), findings);
  const wrong = (detail: string): void => findings.add('index wrong', path, detail);
  try {
    const { manifests }: { manifests: readonly Descriptor[] } = JSON.parse(await readFile(path, 'utf8'));
    for (const manifest of manifests) {
      const blob = await present(store, manifest, findings, wrong);
      if (blob === undefined) continue;
      const { config, layers }: { config: Descriptor; layers: readonly Descriptor[] } = JSON.parse(
        await readFile(blob, 'utf8'),
      );
      for (const descriptor of [config, ...layers]) await present(store, descriptor, findings, wrong);
    }
  } catch (error) {
    wrong(`it cannot be read: ${messageOf(error)}`);
  }
}

async function checkLayout(path: string, findings: Findings): Promise<void> {
  if (!findings.isSound(path)) return;
  const wrong = (detail: string): void => findings.add('index wrong', path, detail);
  try {
    const layout: { imageLayoutVersion?: string } = JSON.parse(await readFile(path, 'utf8'));
    if (layout.imageLayoutVersion !== '1.0.0') wrong('it does not say version 1.0.0');
  } catch (error) {
    wrong(`it cannot be read: ${messageOf(error)}`);
  }
}

/** The path of a sound blob of the right size. */
async function present(
  store: Store,
  { digest, size }: Descriptor,
  findings: Findings,
  wrong: (detail: string) => void,
): Promise<string | undefined> {
  if (!DIGEST.test(digest)) {
    wrong(`"${digest}" is no digest`);
    return undefined;
  }
  const path = store.pathOf(digest);
  const found = findings.isSound(path) ? await stat(path).catch(() => undefined) : undefined;
  if (found?.isFile() === true && found.size === size) return path;
  const why = !findings.isSound(path)
    ? 'damaged'
    : found === undefined
      ? 'not there'
      : `of ${found.size} bytes, not ${size}`;
  wrong(`${digest} is ${why}`);
  return undefined;
}
