/**
 * An image made by other hands: two layers by umoci with everything that a layer can say. Needs root, for device nodes
 * and owners.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makePe } from './pe-image.ts';
import { sh } from './sh.ts';

const MAKE = `
cd "$1"
umoci init --layout image
umoci new --image image:v1
umoci config --image image:v1 --architecture amd64 --os linux
umoci unpack --image image:v1 bundle
root=bundle/rootfs
mkdir -p $root/boot $root/etc/opaque $root/usr/bin $root/usr/lib $root/dev $root/gone/deep $root/old
cp "$2" $root/boot/vmlinuz
ln -s usr/bin $root/bin
echo one >$root/etc/opaque/a; echo two >$root/etc/opaque/b
echo x >$root/gone/deep/f; echo y >$root/gone/keep
head -c 300000 /dev/urandom >$root/usr/bin/big; ln $root/usr/bin/big $root/usr/bin/hard; chmod 4755 $root/usr/bin/big
echo secret >$root/etc/none; chmod 0 $root/etc/none
mknod $root/dev/null c 1 3; mknod $root/dev/loop b 7 300; mknod $root/dev/zero c 0 0; mkfifo $root/dev/pipe
echo far >$root/etc/far; chown 300000:4000000 $root/etc/far; chmod 2755 $root/etc/far
echo attributes >$root/etc/attributes; chown 1000:2000 $root/etc/attributes
setfattr -n user.test -v 0x00ff80fe0a3d $root/etc/attributes
setfattr -n user.empty $root/usr/lib
setfattr -n security.capability -v 0x0100000200f0ff00000000000000000000000000 $root/usr/bin/hard
echo umlaut >"$root/etc/übergröße"
long=$(printf 'l%.0s' {1..200}); echo long >$root/etc/$long; ln -s "$long-target" $root/etc/longlink
touch -d '1999-12-31 23:59:59.123456789' $root/etc/far; touch -d '2050-01-01' $root/etc/attributes
echo replaced >$root/old/file; ln $root/etc/none $root/old/hard
umoci repack --image image:v1 bundle
rm -rf bundle; umoci unpack --image image:v1 bundle
rm -rf $root/gone/deep $root/etc/opaque; mkdir $root/etc/opaque; echo new >$root/etc/opaque/c; echo tool >$root/bin/tool
rm $root/dev/pipe; mkdir $root/dev/pipe; chmod 1777 $root/dev/pipe
rm -r $root/usr/lib; echo file >$root/usr/lib; chmod 600 $root/usr/bin/hard
rm -r $root/old; ln -s etc $root/old
umoci repack --image image:v1 bundle
mkdir only; echo shown >only/shown
umoci insert --image image:v1 --opaque only /gone
# The same image once more, by zstd: umoci 0.4 itself writes gzip only.
skopeo copy --quiet --dest-compress-format zstd --dest-compress oci:image:v1 dir:recompressed
skopeo copy --quiet dir:recompressed oci:zstd:v1
skopeo copy --quiet oci:image:v1 oci-archive:image.tar:v1
skopeo copy --quiet oci:image:v1 docker-archive:docker.tar:os:v1
rm -rf bundle only recompressed
umoci unpack --image image:v1 bundle
`;

/** Where the image is, in several shapes. */
export interface ForeignImage {
  /** Layout directory with gzip layers, and one with zstd layers. */
  readonly gzip: string;
  readonly zstd: string;
  readonly archive: string;
  readonly dockerArchive: string;
  /** What `umoci unpack` makes of it. */
  readonly expected: string;
}

/** Makes the image in the new directory `directory`. */
export async function makeForeignImage(directory: string): Promise<ForeignImage> {
  mkdirSync(directory, { recursive: true });
  const kernel = join(directory, 'kernel');
  writeFileSync(kernel, makePe());
  await sh(MAKE, directory, kernel);
  return {
    gzip: join(directory, 'image:v1'),
    zstd: join(directory, 'zstd:v1'),
    archive: join(directory, 'image.tar'),
    dockerArchive: join(directory, 'docker.tar'),
    expected: join(directory, 'bundle/rootfs'),
  };
}
