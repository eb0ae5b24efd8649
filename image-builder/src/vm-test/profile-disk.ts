/** A profile for a board as a disk that boots: built, sealed with a key that nobody keeps, written. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';

import { silentProgress, type Terminal } from '@cocon-os/cli';
import type { Release } from '@cocon-os/sdfs';
import type { Graph, SliceBytes } from '@cocon-os/engine/build';

import { checkConfig } from '../config/load-config.ts';
import { writeDisk } from '../disk/write-disk.ts';
import { BUILT_LOADER } from '../find-tools.ts';
import { rawPublicKey } from '../keys.ts';
import { openInput } from '../oci/input.ts';
import { seal } from '../seal/seal.ts';

/** What is built, and where it goes. */
export interface ProfileDiskOptions {
  /** Where folders of profiles and boards are looked for first. */
  readonly cwd: string;
  readonly profile: string | undefined;
  readonly board: string | undefined;
  /** For image, artifact and disk. */
  readonly directory: string;
  /** Hears of the build's progress. */
  readonly terminal: Terminal;
}

/** The disk and what is on it. */
export interface ProfileDisk {
  readonly graph: Graph;
  readonly release: Release;
  readonly slices: readonly SliceBytes[];
  /** Where measurements of this profile and board are noted. */
  readonly notes: string;
  readonly disk: string;
}

const VERSION = 'test';

/** Makes it. Throws what evaluating, building and sealing throw. */
export async function makeProfileDisk(options: ProfileDiskOptions): Promise<ProfileDisk> {
  const { cwd, profile, board, directory, terminal } = options;
  // Loaded only here, for most commands do without any build from source.
  const [{ buildProfile }, { release: releaseSlice }] = await Promise.all([
    import('@cocon-os/engine/build'),
    import('@cocon-os/slices/release'),
  ]);
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = String(createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }));
  const built = await buildProfile({
    cwd,
    profile,
    board,
    version: VERSION,
    extra: [releaseSlice(VERSION, [{ name: 'test', pem }])],
    directory: join(directory, 'image'),
    terminal,
  });
  const { graph, architecture } = built;
  const config = checkConfig({
    name: graph.profile,
    version: VERSION,
    architecture,
    seal: { commandLine: graph.commandLine },
  });
  const output = join(directory, 'release.oci');
  const source = await openInput(built.layoutDirectory);
  const { release } = await seal(source, { config, keys: [privateKey], output, progress: silentProgress });
  await source.close();
  const disk = join(directory, 'disk.img');
  await writeDisk({
    config,
    releases: [output],
    loader: BUILT_LOADER,
    trustedKeys: [rawPublicKey(privateKey)],
    output: disk,
    progress: silentProgress,
  });
  const notes = join(built.cache.sizes, `${graph.profile}@${graph.board}@tested.json`);
  return { graph, release, slices: built.sizes, notes, disk };
}
