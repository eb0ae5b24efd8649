/** What the loader starts, taken out of the tree: kernel, initrd and device trees. The root file system goes without them. */
import { BuilderError } from '../errors.ts';
import { EFI_APPLICATION, parsePe, PE_MACHINES } from '../pe.ts';
import { readable } from '../tar/pax.ts';
import { sortedChildren, type Directory, type RegularFile } from '../tree/inode.ts';
import { resolveDirectory } from '../tree/resolve.ts';
import type { Spool } from '../tree/spool.ts';

/** Which files are meant. Paths begin with "/"; `auto` looks in /boot. */
export interface BootFileChoice {
  readonly kernel: string;
  readonly initrd: string | false;
  readonly deviceTrees: readonly string[];
}

/** A file that was taken. */
export interface BootFile {
  /** `kernel`, `initrd` or `dtb/<name>`. */
  readonly name: string;
  /** Where it was in the image. */
  readonly path: string;
  readonly file: RegularFile;
}

const BOOT = 'boot';
/** Names that distributions give to kernels. Compressed and ELF kernels among them fail the check for an EFI stub. */
const KERNEL_NAME = /^(?:vmlinu[xz]|Image|zImage|bzImage|kernel)(?:$|[-.])/;
const INITRD_NAME = /^(?:initrd|initramfs)(?:$|[-.])/;
/** Enough for the headers of any kernel. */
const PE_HEADER_BYTES = 64 * 1024;

/**
 * Finds the files, checks the kernel and removes them from `root`.
 * Throws `KERNEL_*`, `INITRD_*` and `DEVICE_TREE_*`.
 */
export function takeBootFiles(
  root: Directory,
  spool: Spool,
  architecture: string,
  choice: BootFileChoice,
): readonly BootFile[] {
  const kernel =
    choice.kernel === 'auto' ? onlyKernel(root) : namedFile(root, choice.kernel, 'kernel', 'KERNEL_MISSING');
  checkKernel(kernel, spool, architecture);
  const initrd = findInitrd(root, choice.initrd);
  const deviceTrees = choice.deviceTrees.map((path) =>
    namedFile(root, path, `dtb/${path.split('/').at(-1) ?? ''}`, 'DEVICE_TREE_MISSING'),
  );
  assertNamesDiffer(deviceTrees);
  const taken = [kernel, ...(initrd === undefined ? [] : [initrd]), ...deviceTrees];
  for (const { file } of taken) removeFile(root, file);
  return taken;
}

/** A release names its device trees by the last part of their paths. */
function assertNamesDiffer(deviceTrees: readonly BootFile[]): void {
  for (const [index, { name, path }] of deviceTrees.entries()) {
    const earlier = deviceTrees.slice(0, index).find((each) => each.name === name);
    if (earlier === undefined) continue;
    throw new BuilderError(
      'DEVICE_TREE_AMBIGUOUS',
      `Cannot seal two device trees named ${name.slice('dtb/'.length)}: ${earlier.path} and ${path}`,
      { hint: 'Leave one out of seal.deviceTrees in cocon.config.ts, or rename one in the image.' },
    );
  }
}

function onlyKernel(root: Directory): BootFile {
  const found = filesInBoot(root, KERNEL_NAME, 'kernel');
  const [kernel, second] = found;
  if (kernel === undefined) {
    throw new BuilderError('KERNEL_MISSING', 'Cannot seal the image: it has no kernel in /boot', {
      hint: 'Add a layer with /boot/vmlinuz to the image, or set seal.kernel in cocon.config.ts to its path.',
    });
  }
  if (second !== undefined) {
    throw new BuilderError(
      'KERNEL_AMBIGUOUS',
      `Cannot choose a kernel: the image has ${found.map(({ path }) => path).join(' and ')}`,
      {
        hint: 'Set seal.kernel in cocon.config.ts to the path of the one to start.',
      },
    );
  }
  return kernel;
}

function findInitrd(root: Directory, choice: string | false): BootFile | undefined {
  if (choice === false) return undefined;
  if (choice !== 'auto') return namedFile(root, choice, 'initrd', 'INITRD_MISSING');
  const found = filesInBoot(root, INITRD_NAME, 'initrd');
  if (found.length > 1) {
    throw new BuilderError(
      'INITRD_AMBIGUOUS',
      `Cannot choose an initrd: the image has ${found.map(({ path }) => path).join(' and ')}`,
      {
        hint: 'Set seal.initrd in cocon.config.ts to the path of the one to load, or to false.',
      },
    );
  }
  return found[0];
}

/** Regular files by name; symbolic links to them and further hard links do not count again. */
function filesInBoot(root: Directory, pattern: RegExp, name: string): readonly BootFile[] {
  const boot = resolveDirectory(root, [BOOT])?.directory;
  if (boot === undefined) return [];
  const found = new Map<RegularFile, BootFile>();
  for (const [fileName, inode] of sortedChildren(boot)) {
    if (inode.type === 'file' && pattern.test(fileName) && !found.has(inode)) {
      found.set(inode, { name, path: `/${BOOT}/${readable(fileName)}`, file: inode });
    }
  }
  return [...found.values()];
}

function namedFile(
  root: Directory,
  path: string,
  name: string,
  code: 'KERNEL_MISSING' | 'INITRD_MISSING' | 'DEVICE_TREE_MISSING',
): BootFile {
  const parts = Buffer.from(path, 'utf8')
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '');
  const directory = resolveDirectory(root, parts.slice(0, -1))?.directory;
  const inode = directory?.children.get(parts.at(-1) ?? '')?.inode;
  if (inode?.type === 'file' && inode.size > 0) return { name, path, file: inode };
  const found =
    inode === undefined
      ? 'it is not in the image'
      : `it is a ${inode.type}${inode.type === 'file' ? ' without contents' : ''}`;
  throw new BuilderError(code, `Cannot take "${path}" as ${name}: ${found}`, {
    hint: 'Correct the path in cocon.config.ts; it is one of the image and must be that of a regular file.',
  });
}

function checkKernel({ file, path }: BootFile, spool: Spool, architecture: string): void {
  const image = parsePe(spool.read(file.offset, Math.min(file.size, PE_HEADER_BYTES)), file.size);
  if (image === undefined || image.subsystem !== EFI_APPLICATION) {
    throw new BuilderError(
      'KERNEL_NO_EFI_STUB',
      `Cannot use kernel ${path}: it is no PE image that UEFI could start`,
      {
        hint: 'Build it with CONFIG_EFI_STUB=y and take the bzImage (x86) or the Image or vmlinuz.efi (others), uncompressed.',
      },
    );
  }
  const wanted = PE_MACHINES[architecture];
  if (image.machine !== wanted) {
    throw new BuilderError(
      'KERNEL_WRONG_ARCHITECTURE',
      `Cannot use kernel ${path}: it is for machine 0x${image.machine.toString(16)}, wanted 0x${(wanted ?? 0).toString(16)} (${architecture})`,
      {
        hint: 'Take a kernel of the architecture that the image is for.',
        facts: { machine: image.machine, wanted: wanted ?? 0 },
      },
    );
  }
}

/** Removes every name of the file, so that hard links do not bring it back. */
function removeFile(directory: Directory, file: RegularFile): void {
  for (const [name, { inode }] of directory.children) {
    if (inode === file) directory.children.delete(name);
    else if (inode.type === 'directory') removeFile(inode, file);
  }
}
