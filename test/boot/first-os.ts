/** The first OS in the releases that the boot tests need: from the slices, sealed by the image builder. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { findMkfsErofs, type ConfigInput, type SealResult } from '@cocon-os/image-builder';
import type { Scratch } from '@cocon-os/qemu';
import { buildRelease, RELEASE_COMMAND_LINE, type ReleaseVariant } from '@cocon-os/slices';

import { addLayer } from './oci-image.ts';
import { ROOT, sealImage, type ReleaseKey } from './releases.ts';

/** The device's updater, as native/device/build.ts leaves it. */
const UPDATER = join(ROOT, 'target/x86_64-unknown-linux-musl/device/cocon-update');

/** What is special about a release. */
export interface FirstOsOptions {
  readonly version: string;
  readonly variant?: ReleaseVariant;
  /** Bytes of a file of noise, which no compression makes smaller. */
  readonly ballastBytes?: number;
}

/** Builds and seals a release. What the slices have built before comes from their cache. */
export async function sealFirstOs(
  scratch: Scratch,
  key: ReleaseKey,
  { version, variant, ballastBytes }: FirstOsOptions,
): Promise<SealResult> {
  const directory = scratch.file(`image-${version}`);
  await buildRelease({
    version,
    ...(variant === undefined ? {} : { variant }),
    publicKeys: [{ name: 'release', pem: key.publicPem }],
    updaterBinary: UPDATER,
    directory,
  });
  if (ballastBytes !== undefined) {
    const root = scratch.file(`ballast-${version}`);
    mkdirSync(join(root, 'usr/share'), { recursive: true });
    writeFileSync(join(root, 'usr/share/ballast'), randomBytes(ballastBytes));
    addLayer(directory, root, version);
  }
  const config: ConfigInput = { name: 'cocon-os', version, seal: { commandLine: RELEASE_COMMAND_LINE } };
  return await sealImage(
    directory,
    scratch.file(`release-${version}.oci`),
    key,
    config,
    await findMkfsErofs(),
  );
}
