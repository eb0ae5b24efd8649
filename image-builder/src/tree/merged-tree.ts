/**
 * Layers applied in order (image-spec, layer.md): additions, changes, whiteouts and opaque directories.
 * Nothing is written anywhere; the tree is an index, and what it comes to equals what `umoci unpack` makes of the same image.
 */
import { escapes, invalid, type LayerEntry, type Path } from './entry.ts';
import { emptyDirectory, type Directory, type Inode, type Link } from './inode.ts';
import { resolveDirectory } from './resolve.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Names of aufs' own bookkeeping, which old Docker versions left in layers. */
const AUFS = '.wh..wh.';
/** Where aufs kept files with several names; layers of old Docker versions link into it. */
const AUFS_LINKS = '.wh..wh.plnk';

/** The tree that the layers so far make. */
export class MergedTree {
  root: Directory = emptyDirectory();
  #layer = 0;
  #layerName = '';
  /** Files of this layer that lie in {@link AUFS_LINKS}, by their last name. */
  #aufsFiles = new Map<string, Inode>();

  /** Entries applied from now on belong to a new layer; `name` is what errors call it. */
  beginLayer(name: string): void {
    this.#layer += 1;
    this.#layerName = name;
    this.#aufsFiles = new Map();
  }

  /** Applies one entry. Throws `LAYER_ESCAPES` and `LAYER_ENTRY_INVALID`. */
  apply(entry: LayerEntry): void {
    const name = entry.path.at(-1);
    if (name === undefined) {
      this.#setRoot(entry);
      return;
    }
    if (entry.path.slice(0, -1).some((part) => part.startsWith(AUFS))) {
      if (entry.path[0] === AUFS_LINKS && entry.kind === 'inode') this.#aufsFiles.set(name, entry.inode);
      return;
    }
    if (name.startsWith(WHITEOUT)) {
      this.#whiteOut(entry.path.slice(0, -1), name);
      return;
    }
    const inode = entry.kind === 'inode' ? entry.inode : this.#linkTarget(entry.path, entry.target);
    const parent = this.#resolveParent(entry.path);
    const present = parent.children.get(name)?.inode;
    parent.children.set(name, {
      layer: this.#layer,
      inode:
        inode.type === 'directory' && present?.type === 'directory'
          ? { ...inode, children: present.children }
          : inode,
    });
  }

  #setRoot(entry: LayerEntry): void {
    if (entry.kind !== 'inode' || entry.inode.type !== 'directory') {
      throw invalid('the root, but no directory', '.', this.#layerName);
    }
    this.root = { ...entry.inode, children: this.root.children };
  }

  #resolveParent(path: Path): Directory {
    const resolved = resolveDirectory(this.root, path.slice(0, -1), this.#layerName, this.#layer);
    if (resolved === undefined) throw new Error('a parent that may be created was not resolved');
    for (const link of resolved.chain) link.layer = this.#layer;
    return resolved.directory;
  }

  #linkTarget(path: Path, target: Path): Inode {
    const name = target.at(-1) ?? '';
    const inode =
      target[0] === AUFS_LINKS
        ? this.#aufsFiles.get(name)
        : resolveDirectory(this.root, target.slice(0, -1), this.#layerName)?.directory.children.get(name)
            ?.inode;
    if (path.join('/') === target.join('/')) {
      throw invalid('a hard link to itself', path.join('/'), this.#layerName);
    }
    if (inode === undefined) {
      throw invalid(
        `a hard link to "${target.join('/')}", which is not there`,
        path.join('/'),
        this.#layerName,
      );
    }
    if (inode.type === 'directory') {
      throw invalid(`a hard link to the directory "${target.join('/')}"`, path.join('/'), this.#layerName);
    }
    return inode;
  }

  #whiteOut(parentPath: Path, name: string): void {
    const hidden = name.slice(WHITEOUT.length);
    if (hidden === '' || hidden === '.' || hidden === '..') {
      throw escapes(
        [...parentPath, name].join('/'),
        'it deletes the directory it is in, or the one above',
        this.#layerName,
      );
    }
    const parent = resolveDirectory(this.root, parentPath, this.#layerName)?.directory;
    if (parent === undefined) return;
    if (name === OPAQUE) {
      this.#removeLower(parent);
      return;
    }
    const link = parent.children.get(hidden);
    if (link !== undefined) this.#hide(parent, hidden, link);
  }

  /** Deletes what lower layers brought; what this layer brought stays, whatever the order of its entries. */
  #hide(parent: Directory, name: string, link: Link): void {
    if (link.layer < this.#layer) parent.children.delete(name);
    else if (link.inode.type === 'directory') this.#removeLower(link.inode);
  }

  #removeLower(directory: Directory): void {
    for (const [name, link] of directory.children) this.#hide(directory, name, link);
  }
}
