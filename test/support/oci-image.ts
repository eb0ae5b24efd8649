/** OCI images as other tools make them: layers packed by tar, images put together by umoci. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const TAG = 'latest';

/** Makes an empty image layout in `directory`, which is replaced when it exists. Returns the directory. */
export function createImage(directory: string): string {
  rmSync(directory, { recursive: true, force: true });
  umoci('init', '--layout', directory);
  umoci('new', '--image', `${directory}:${TAG}`);
  return directory;
}

/** Puts the tree `root` on top of an image as one more layer, all of it owned by root. */
export function addLayer(image: string, root: string, tag: string = TAG): void {
  const layer = join(image, 'layer.tar');
  execFileSync('tar', ['--create', '--owner=0', '--group=0', '--file', layer, '--directory', root, '.']);
  umoci('raw', 'add-layer', '--image', `${image}:${tag}`, layer);
  rmSync(layer);
}

function umoci(...args: readonly string[]): void {
  execFileSync('umoci', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
