/** Releases of the embedded profile, and the variants of it that the demo and the tests need. */
import type { Terminal } from '@cocon-os/cli';

import type { Slice } from '@cocon-os/engine';
import { buildProfile, type BuiltProfile } from '@cocon-os/engine/build';
import { release, type TrustedKey } from '@cocon-os/slices/release';

import { crashingInit, greeting } from './demo-slices.ts';
import { ROOT } from './releases.ts';

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
  /** The layout directory to write. */
  readonly directory: string;
  /** Hears of the build's progress. */
  readonly terminal: Terminal;
}

const VARIANTS: Readonly<Record<ReleaseVariant, readonly Slice[]>> = {
  standard: [],
  'changed-userland': [greeting],
  'crashing-init': [crashingInit],
};

/** Builds a release. What its slices came to before is taken from the store. Throws what {@link buildProfile} throws. */
export async function buildRelease(options: ReleaseOptions): Promise<BuiltProfile> {
  const { version, variant = 'standard', publicKeys, directory, terminal } = options;
  const extra = [release(version, publicKeys), ...VARIANTS[variant]];
  return await buildProfile({ cwd: ROOT, version, extra, directory, terminal });
}
