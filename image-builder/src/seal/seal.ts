/**
 * From an OCI image to a signed release: merged tree, kernel apart, EROFS, dm-verity, release.json, release.sig, and all
 * of it as one OCI artifact. Equal inputs give equal bytes, wherever and whenever they are sealed.
 */
import { sign, type KeyObject } from 'node:crypto';

import type { Progress } from '@cocon-os/cli';
import { makeScratch, type Scratch } from '@cocon-os/qemu';
import { encodeRelease, encodeSignatures, type Release } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';
import { layoutArtifact } from '@cocon-os/updater';

import { kernelCommandLine, type Config } from '../config/schema.ts';
import { BuilderError } from '../errors.ts';
import { findMkfsErofs } from '../find-tools.ts';
import { rawPublicKey } from '../keys.ts';
import type { ImageSource } from '../oci/image-source.ts';
import { resolveImage, type Image } from '../oci/resolve-image.ts';
import { unpackImage } from '../oci/unpack.ts';
import { foreignAttributes } from '../tree/attributes.ts';
import type { Directory } from '../tree/inode.ts';
import { Spool } from '../tree/spool.ts';
import { assertReplaceable } from '../whole-file.ts';
import { writeArtifact } from './artifact-archive.ts';
import { takeBootFiles, type BootFile } from './boot-files.ts';
import { writeErofs } from './erofs.ts';
import { extractFile, hashFile, type SealedFile } from './sealed-file.ts';
import { writeVerityTree } from './verity.ts';

/** What sealing needs besides the image. */
export interface SealOptions {
  readonly config: Config;
  /** Private keys; each of them signs. At least one. */
  readonly keys: readonly KeyObject[];
  /** mkfs.erofs; looked up by `findMkfsErofs` when it is needed and was not given. */
  readonly mkfsErofs?: string | undefined;
  /** The artifact's file. It is replaced when it exists. */
  readonly output: string;
  readonly progress: Progress;
}

/** What was sealed. */
export interface SealResult {
  readonly output: string;
  readonly release: Release;
  /** SHA-256 of release.json, hexadecimal: how devices name the release. */
  readonly releaseDigest: string;
  /** SHA-256 of the OCI manifest, hexadecimal: how registries name the artifact. */
  readonly artifactDigest: string;
  /** Digest of the image that went in. */
  readonly imageDigest: string;
  /** What the image has and the release has not, for people. */
  readonly passedOver: readonly string[];
}

/** Seals the image of `source`. Throws `BuilderError`, and `RELEASE_INVALID` for values that FORMAT.md §6.1 forbids. */
export async function seal(source: ImageSource, options: SealOptions): Promise<SealResult> {
  const { config, keys, output, progress } = options;
  if (keys.length === 0) {
    throw new BuilderError('KEY_NOT_FOUND', 'Cannot seal the image: no key to sign with was given', {
      hint: 'Make a pair with cocon keygen release, then give --key release.key or list it in seal.keys of cocon.config.ts.',
    });
  }
  await assertReplaceable(output);
  using scratch = makeScratch('seal');
  const spool = new Spool(scratch.path);
  try {
    const image = await resolveImage(source, config.architecture);
    const commandLine = commandLineOf(config, image);
    const root = await unpackImage(source, image, spool, config.seal.limits, progress);
    const files = await makeFiles(root, spool, scratch, options);
    const release = describeRelease(config, commandLine, files);
    const json = encodeRelease(release);
    const signature = encodeSignatures(
      keys.map((key) => ({ publicKey: rawPublicKey(key), signature: sign(null, json, key) })),
      nodeCrypto,
    );
    const layout = layoutArtifact({ release, json, signature }, nodeCrypto);
    await writeArtifact(layout, pathsOf(files), output);
    return {
      output,
      release,
      releaseDigest: layout.releaseDigest,
      artifactDigest: layout.manifestDigest,
      imageDigest: image.digest,
      passedOver: files.rootfs === undefined ? [] : foreignAttributes(root),
    };
  } finally {
    progress.finish();
    spool.close();
  }
}

interface SealedRoot {
  readonly image: SealedFile;
  readonly verity: SealedFile;
  readonly rootHash: string;
}

interface SealedFiles {
  readonly boot: ReadonlyMap<string, SealedFile>;
  readonly rootfs: SealedRoot | undefined;
}

async function makeFiles(
  root: Directory,
  spool: Spool,
  scratch: Scratch,
  options: SealOptions,
): Promise<SealedFiles> {
  const { config } = options;
  const taken = takeBootFiles(root, spool, config.architecture, config.seal);
  const boot = new Map<string, SealedFile>();
  for (const [index, { name, file }] of sorted(taken).entries()) {
    boot.set(name, await extractFile(spool, file, scratch.file(`boot-${index}`)));
  }
  if (config.seal.rootfs) return { boot, rootfs: await makeRoot(root, spool, scratch, options) };
  if (!boot.has('initrd')) {
    throw new BuilderError(
      'RELEASE_NOT_BOOTABLE',
      'Cannot seal the image: seal.rootfs is false and it has no initrd in /boot',
      {
        hint: 'A kernel needs one of them to start anything: add an initrd to the image, or leave seal.rootfs out.',
      },
    );
  }
  return { boot, rootfs: undefined };
}

async function makeRoot(
  root: Directory,
  spool: Spool,
  scratch: Scratch,
  { config, mkfsErofs, progress }: SealOptions,
): Promise<SealedRoot> {
  const path = scratch.file('rootfs.erofs');
  const treePath = scratch.file('rootfs.verity');
  await writeErofs(await findMkfsErofs(mkfsErofs), root, spool, config.seal.compression, path, progress);
  const { rootHash } = await writeVerityTree(path, treePath, (done, total) =>
    progress.update('Hash tree', done, total),
  );
  return { image: await hashFile(path), verity: await hashFile(treePath), rootHash };
}

/** The label on which an image says which kernel command line it wants. */
const COMMAND_LINE_LABEL = 'org.cocon-os.command-line';

/** The configured one, else that of the image's label, else none. Throws `MANIFEST_INVALID` for a label that cannot be one. */
function commandLineOf(config: Config, { labels }: Image): string {
  const { commandLine } = config.seal;
  if (commandLine !== undefined) return commandLine;
  const label = kernelCommandLine.safeParse(labels[COMMAND_LINE_LABEL] ?? '');
  if (label.success) return label.data;
  const why = label.error.issues.map(({ message }) => message).join('; ');
  throw new BuilderError(
    'MANIFEST_INVALID',
    `Cannot use the label ${COMMAND_LINE_LABEL} of the image: ${why}`,
    {
      hint: 'Give the kernel command line with --command-line or seal.commandLine.',
    },
  );
}

function describeRelease(config: Config, commandLine: string, { boot, rootfs }: SealedFiles): Release {
  const kernel = described(boot.get('kernel'));
  if (kernel === undefined) throw new Error('a release without a kernel was sealed');
  const initrd = described(boot.get('initrd'));
  const deviceTrees = [...boot]
    .filter(([name]) => name.startsWith('dtb/'))
    .map(([name, { size, sha256 }]) => ({ name: name.slice('dtb/'.length), size, sha256 }));
  return {
    format: 'cocon.release/1',
    name: config.name,
    version: config.version,
    architecture: config.architecture,
    securityVersion: config.seal.securityVersion,
    attempts: config.seal.attempts,
    commandLine,
    kernel,
    ...(initrd === undefined ? {} : { initrd }),
    ...(deviceTrees.length === 0 ? {} : { deviceTrees }),
    ...(rootfs === undefined
      ? {}
      : {
          rootfs: {
            size: rootfs.image.size,
            sha256: rootfs.image.sha256,
            verity: { size: rootfs.verity.size, sha256: rootfs.verity.sha256, rootHash: rootfs.rootHash },
          },
        }),
  };
}

function described(
  file: SealedFile | undefined,
): { readonly size: number; readonly sha256: string } | undefined {
  return file === undefined ? undefined : { size: file.size, sha256: file.sha256 };
}

function sorted(files: readonly BootFile[]): readonly BootFile[] {
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function pathsOf({ boot, rootfs }: SealedFiles): ReadonlyMap<string, string> {
  const paths = new Map([...boot].map(([name, { path }]) => [name, path]));
  if (rootfs !== undefined) paths.set('rootfs', rootfs.image.path).set('verity', rootfs.verity.path);
  return paths;
}
