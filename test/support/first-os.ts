/** The embedded profile in the releases that tests, demo and bench need: from the slices, sealed by the image builder. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { nodeTerminal } from '@cocon-os/cli/node';
import type { ConfigInput, SealResult } from '@cocon-os/image-builder';

import { buildRelease, type ReleaseVariant } from './build-release.ts';
import { addLayer } from './oci-image.ts';
import { sealImage, type ReleaseKey } from './releases.ts';

/** What is special about a release. */
export interface FirstOsOptions {
  readonly version: string;
  readonly variant?: ReleaseVariant;
  /** Bytes of a file of noise, which no compression makes smaller. */
  readonly ballastBytes?: number;
  /** Put behind the standard kernel command line. */
  readonly extraCommandLine?: string;
  /** Executable scripts that are added, or take the place of others: contents by path relative to the root. */
  readonly scripts?: Readonly<Record<string, string | Uint8Array>>;
  /** Trial boots that it is granted. */
  readonly attempts?: number;
}

/**
 * Builds a release and seals it to `release-<version>.oci` in `directory`. What the slices have built before comes from
 * their cache.
 */
export async function sealFirstOs(
  directory: string,
  key: ReleaseKey,
  { version, variant, ballastBytes, extraCommandLine, scripts, attempts }: FirstOsOptions,
): Promise<SealResult> {
  const image = join(directory, `image-${version}`);
  const { graph } = await buildRelease({
    version,
    ...(variant === undefined ? {} : { variant }),
    publicKeys: [{ name: 'release', pem: key.publicPem }],
    directory: image,
    terminal: nodeTerminal,
  });
  if (ballastBytes !== undefined) {
    const root = join(directory, `ballast-${version}`);
    mkdirSync(join(root, 'usr/share'), { recursive: true });
    writeFileSync(join(root, 'usr/share/ballast'), randomBytes(ballastBytes));
    addLayer(image, root, version);
  }
  if (scripts !== undefined) {
    const root = join(directory, `scripts-${version}`);
    for (const [path, contents] of Object.entries(scripts)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), contents, { mode: 0o755 });
    }
    addLayer(image, root, version);
  }
  const config: ConfigInput = {
    name: 'cocon-os',
    version,
    seal: {
      // Else that of the image's label.
      ...(extraCommandLine === undefined ? {} : { commandLine: `${graph.commandLine} ${extraCommandLine}` }),
      ...(attempts === undefined ? {} : { attempts }),
    },
  };
  return await sealImage(image, join(directory, `release-${version}.oci`), key, config);
}
