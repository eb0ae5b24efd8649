/** The file tree of a bundle: the image's root file system below `rootfs`, and beside it the runtime's instructions. */
import { BuilderError } from '../errors.ts';
import { emptyDirectory, type Directory, type Link } from '../tree/inode.ts';
import { resolveDirectory } from '../tree/resolve.ts';
import type { Spool } from '../tree/spool.ts';
import { putNetworkFiles } from './network-files.ts';
import { MOUNT_POINTS, type ContainerNetwork } from './runtime-config.ts';

const READABLE = 0o444;
/** Which layer a name is from counts only while layers are applied. */
const NO_LAYER = 0;

/** What an image's root is made fit for. */
export interface RootPlan {
  /** The container's. */
  readonly name: string;
  readonly network: ContainerNetwork;
  readonly workingDirectory: string;
}

/**
 * Makes an image's root one that a container can have read-only: with something below each mount, the files that say who it is, a working
 * directory, and without device nodes. Returns what of the image is left out, for people. Throws `MOUNT_POINT_INVALID`,
 * `WORKING_DIRECTORY_INVALID`.
 */
export function prepareRoot(root: Directory, plan: RootPlan, spool: Spool): readonly string[] {
  for (const name of MOUNT_POINTS) requireDirectory(root, name, 'and one is mounted there');
  const etc = requireDirectory(root, 'etc', 'and /etc/hosts lies there');
  const lost = putNetworkFiles(etc, plan.name, plan.network, spool);
  requireWorkingDirectory(root, plan.workingDirectory);
  const devices = removeDevices(root);
  return devices === 0 ? lost : [...lost, `${devices} device nodes`];
}

/** The tree of the whole bundle. `config` is put into the spool. */
export function bundleTree(root: Directory, config: Uint8Array, spool: Spool): Directory {
  const offset = spool.size;
  spool.append(config);
  const file = { ...metadataOf(root), type: 'file', mode: READABLE, offset, size: config.length } as const;
  return {
    ...emptyDirectory(),
    mtime: root.mtime,
    children: new Map<string, Link>([
      ['config.json', { inode: file, layer: NO_LAYER }],
      ['rootfs', { inode: root, layer: NO_LAYER }],
    ]),
  };
}

function metadataOf({ mtime }: Directory) {
  const { uid, gid, xattrs } = emptyDirectory();
  return { uid, gid, xattrs, mtime };
}

/** A link is followed, and what it leads to is made where the image lacks it, as runtimes do on a root that can be written. */
function requireDirectory(root: Directory, name: string, why: string): Directory {
  try {
    return resolveDirectory(root, [name], name, NO_LAYER).directory;
  } catch (cause) {
    throw new BuilderError(
      'MOUNT_POINT_INVALID',
      `Cannot bundle the image: its /${name} is no directory, ${why}`,
      { hint: `Remove /${name} from the image, or make it a directory.`, facts: { path: `/${name}` }, cause },
    );
  }
}

function requireWorkingDirectory(root: Directory, path: string): void {
  try {
    resolveDirectory(root, bytesOf(path).split('/'), 'WorkingDir', NO_LAYER);
  } catch (cause) {
    throw new BuilderError(
      'WORKING_DIRECTORY_INVALID',
      `Cannot bundle the image: its working directory ${path} is no directory`,
      {
        hint: 'Correct WorkingDir in the image, or remove what is in its way.',
        facts: { path },
        cause,
      },
    );
  }
}

/** The runtime makes the few that programs need; any other would be a way to a disk of the device. */
function removeDevices(directory: Directory): number {
  let removed = 0;
  for (const [name, { inode }] of directory.children) {
    if (inode.type === 'character-device' || inode.type === 'block-device') {
      directory.children.delete(name);
      removed += 1;
    } else if (inode.type === 'directory') {
      removed += removeDevices(inode);
    }
  }
  return removed;
}

/** Names of the tree are byte strings. */
function bytesOf(path: string): string {
  return Buffer.from(path, 'utf8').toString('latin1');
}
