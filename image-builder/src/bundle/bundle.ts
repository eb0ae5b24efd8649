/**
 * From an OCI image to a container bundle (OCI runtime-spec, bundle.md) that is one read-only EROFS image: `/config.json` and
 * `/rootfs`. Equal inputs give equal bytes.
 */
import type { Progress } from '@cocon-os/cli';
import { makeScratch } from '@cocon-os/qemu';

import type { Config } from '../config/schema.ts';
import { BuilderError } from '../errors.ts';
import { findMkfsErofs } from '../find-tools.ts';
import type { ImageSource } from '../oci/image-source.ts';
import { resolveImage } from '../oci/resolve-image.ts';
import { unpackImage } from '../oci/unpack.ts';
import { writeErofs } from '../seal/erofs.ts';
import { hashFile } from '../seal/sealed-file.ts';
import { foreignAttributes } from '../tree/attributes.ts';
import { Spool } from '../tree/spool.ts';
import { assertReplaceable, wholeFile } from '../whole-file.ts';
import { bundleTree, prepareRoot } from './bundle-tree.ts';
import { parseExecution } from './image-execution.ts';
import { runtimeConfig, type ContainerNetwork } from './runtime-config.ts';
import type { Resources, RuntimeConfig } from './runtime-spec.ts';
import { readTreeFile } from './tree-file.ts';
import { resolveUser } from './user.ts';

/** What bundling needs besides the image. */
export interface BundleOptions {
  /** Architecture, compression and limits are taken from here. */
  readonly config: Config;
  /** The container's name on the device: its host name and its control group. */
  readonly name: string;
  readonly resources: Resources;
  readonly network: ContainerNetwork;
  /** mkfs.erofs; looked up by `findMkfsErofs` when it was not given. */
  readonly mkfsErofs?: string | undefined;
  /** The bundle's file. It is replaced when it exists. */
  readonly output: string;
  readonly progress: Progress;
}

/** What was bundled. */
export interface BundleResult {
  readonly output: string;
  readonly name: string;
  readonly architecture: string;
  /** Digest of the image that went in. */
  readonly imageDigest: string;
  /** Of the bundle's file, hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly config: RuntimeConfig;
  /** What the image has or asks for and the bundle has not, for people. */
  readonly passedOver: readonly string[];
}

/** Bundles the image of `source`. Throws `BuilderError`. */
export async function bundle(source: ImageSource, options: BundleOptions): Promise<BundleResult> {
  const { config, name, network, output, progress } = options;
  const { architecture } = config;
  using scratch = makeScratch('bundle');
  const spool = new Spool(scratch.path);
  try {
    await assertReplaceable(output);
    const image = await resolveImage(source, architecture);
    const execution = parseExecution(image.configuration, `configuration of ${source.name}`);
    if (execution.args.length === 0) throw noCommand(source);
    const root = await unpackImage(source, image, spool, config.seal.limits, progress);
    const { workingDirectory } = execution;
    const left = prepareRoot(root, { name, network, workingDirectory }, spool);
    const user = resolveUser(execution.user, {
      passwd: readTreeFile(root, spool, '/etc/passwd'),
      group: readTreeFile(root, spool, '/etc/group'),
    });
    const plan = {
      name,
      architecture,
      execution,
      user,
      resources: options.resources,
      network,
    };
    const runtime = runtimeConfig(plan);
    const json = Buffer.from(`${JSON.stringify(runtime, null, 2)}\n`);
    const tree = bundleTree(root, json, spool);
    const program = await findMkfsErofs(options.mkfsErofs);
    const { sha256, size } = await wholeFile(output, async (draft) => {
      await writeErofs(program, tree, spool, config.seal.compression, draft, progress);
      return hashFile(draft);
    });
    return {
      output,
      name,
      architecture,
      imageDigest: image.digest,
      sha256,
      sizeBytes: size,
      config: runtime,
      passedOver: [...execution.passedOver, ...left, ...foreignAttributes(root)],
    };
  } finally {
    progress.finish();
    spool.close();
  }
}

function noCommand(source: ImageSource): BuilderError {
  return new BuilderError(
    'IMAGE_NO_COMMAND',
    `Cannot bundle image ${source.name}: it says neither Entrypoint nor Cmd, so there is nothing to start`,
    { hint: 'Set one of them in the image (ENTRYPOINT in a Dockerfile, umoci config --config.entrypoint).' },
  );
}
