/** The first OS: a release of kernel, busybox, updater and configuration, and the variants of it that the demo needs. */
import { baseFiles } from '../../base-files/slice.ts';
import { busybox } from '../../busybox/slice.ts';
import { coconUpdate } from '../../cocon-update/slice.ts';
import { crashingInit, greeting } from '../../demo/slice.ts';
import { release, type TrustedKey } from '../../release/slice.ts';
import type { Builder } from '../build/builder.ts';
import type { Slice } from '../define-slice.ts';
import { buildImage, type ImageResult } from './build-image.ts';

/**
 * What is different about a release: nothing (`standard`), a greeting and a new command (`changed-userland`), or an init
 * that crashes so that the kernel panics (`crashing-init`).
 */
export type ReleaseVariant = 'standard' | 'changed-userland' | 'crashing-init';

/** What {@link buildRelease} is told. */
export interface ReleaseOptions {
  readonly version: string;
  readonly variant?: ReleaseVariant;
  /** The keys whose signatures the running release accepts. */
  readonly publicKeys: readonly TrustedKey[];
  /** File of the static `cocon-update` for the device. */
  readonly updaterBinary: string;
  /** The layout directory to write. */
  readonly directory: string;
  readonly builder?: Builder;
}

/**
 * The kernel command line of a release: serial console, the one init that it may start (another one would hide that it
 * is broken), and a reset one second after a panic.
 */
export const RELEASE_COMMAND_LINE = 'console=ttyS0,115200 init=/sbin/init panic=1';

const VARIANTS: Readonly<Record<ReleaseVariant, readonly Slice[]>> = {
  standard: [],
  'changed-userland': [greeting],
  'crashing-init': [crashingInit],
};

/** The slices of a release, from the bottom up, without the kernel. What changes most often lies on top. */
export async function releaseSlices(
  options: Omit<ReleaseOptions, 'directory' | 'builder'>,
): Promise<readonly Slice[]> {
  return [
    busybox,
    await baseFiles(),
    await coconUpdate(options.updaterBinary),
    release(options.version, options.publicKeys),
    ...VARIANTS[options.variant ?? 'standard'],
  ];
}

/** Builds a release as an OCI image layout. Throws `SlicesError`. */
export async function buildRelease(options: ReleaseOptions): Promise<ImageResult> {
  const { version, directory, builder } = options;
  const slices = await releaseSlices(options);
  return buildImage({
    name: 'cocon-os',
    version,
    slices,
    directory,
    ...(builder === undefined ? {} : { builder }),
  });
}
