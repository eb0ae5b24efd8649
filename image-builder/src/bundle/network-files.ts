/**
 * The files that say who a container is in its network: /etc/hosts, /etc/hostname and /etc/resolv.conf. As with Docker and Podman they
 * are the runtime's in every container: what an image has in their place is of the machine that built it.
 */
import { emptyDirectory, type Directory, type Inode } from '../tree/inode.ts';
import type { Spool } from '../tree/spool.ts';
import { NAME_SERVERS, type ContainerNetwork } from './runtime-config.ts';

const READABLE = 0o444;
/** Which layer a name is from counts only while layers are applied. */
const NO_LAYER = 0;

/** Puts the files into an image's /etc; contents are put into the spool. Returns what of the image is lost by it, for people. */
export function putNetworkFiles(
  etc: Directory,
  name: string,
  network: ContainerNetwork,
  spool: Spool,
): readonly string[] {
  const put = (file: string, inode: Inode): void => void etc.children.set(file, { inode, layer: NO_LAYER });
  const text = (contents: string): Inode => {
    const bytes = Buffer.from(contents);
    const offset = spool.size;
    spool.append(bytes);
    return { ...metadataOf(etc), type: 'file', mode: READABLE, offset, size: bytes.length };
  };
  const hosts = etc.children.get('hosts')?.inode;
  put('hosts', text(`127.0.0.1\tlocalhost ${name}\n::1\tlocalhost ip6-localhost ip6-loopback\n`));
  put('hostname', text(`${name}\n`));
  // A link, because a file that is mounted stays what it was when a lease replaces it.
  put(
    'resolv.conf',
    network === 'host'
      ? { ...metadataOf(etc), type: 'symlink', mode: 0o777, target: `${NAME_SERVERS}/resolv.conf` }
      : text(''),
  );
  return hosts?.type === 'file' && hosts.size > 0 ? ['the lines of /etc/hosts'] : [];
}

function metadataOf({ mtime }: Directory) {
  const { uid, gid, xattrs } = emptyDirectory();
  return { uid, gid, xattrs, mtime };
}
