/** Profiles as the tests boot them: built from source, sealed by the image builder, on a disk. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { nodeTerminal } from '@cocon-os/cli/node';
import { buildProfile, type BuiltProfile } from '@cocon-os/engine/build';
import type { SealResult } from '@cocon-os/image-builder';
import { release } from '@cocon-os/slices/release';

import { ROOT, sealImage, type ReleaseKey } from './releases.ts';

/** What is special about a release of a profile. */
export interface ProfileOsOptions {
  readonly profile: string;
  /** `pc`, if not given. */
  readonly board?: string;
  /** Where folders of boards are looked for first; the repository, if not given. */
  readonly cwd?: string;
  readonly version: string;
  /** Put behind the profile's own kernel command line. */
  readonly extraCommandLine?: string;
}

/** A sealed profile, and what it was built from. */
export interface ProfileOs {
  readonly built: BuiltProfile;
  readonly sealed: SealResult;
}

/** Builds a profile and seals it to `<profile>-<version>.oci` in `directory`. What was built before comes from the store. */
export async function sealProfile(
  directory: string,
  key: ReleaseKey,
  { profile, board, cwd = ROOT, version, extraCommandLine = '' }: ProfileOsOptions,
): Promise<ProfileOs> {
  const built = await buildProfile({
    cwd,
    profile,
    board,
    version,
    extra: [release(version, [{ name: 'release', pem: key.publicPem }])],
    directory: join(directory, `image-${version}`),
    terminal: nodeTerminal,
  });
  const commandLine = `${built.graph.commandLine} ${extraCommandLine}`.trim();
  const output = join(directory, `${profile}-${version}.oci`);
  const config = { name: profile, version, seal: { commandLine } };
  return { built, sealed: await sealImage(built.layoutDirectory, output, key, config) };
}

/** Unpacks the files of one slice of a built profile into `directory`, for use elsewhere. */
export function unpackSlice({ sizes, cache }: BuiltProfile, slice: string, directory: string): void {
  const found = sizes.find(({ node }) => node.startsWith(`${slice}@`));
  if (found === undefined) throw new Error(`the profile has no slice ${slice}`);
  mkdirSync(directory, { recursive: true });
  const layer = join(cache.store, 'blobs', found.digest.replace(':', '/'));
  execFileSync('tar', ['--extract', '--file', layer, '--directory', directory]);
}
