/** A distribution's kernel and initrd from /boot of an image; the initrd mounts what it likes. */
import { defineConfig } from '@cocon-os/image-builder';

export default defineConfig({
  name: 'rescue',
  version: '12',
  seal: {
    input: 'oci:./debian:12',
    output: './rescue.oci',
    rootfs: false,
    commandLine: 'console=ttyS0',
    keys: ['./release.key'],
  },
  image: {
    releases: ['./rescue.oci'],
    output: './rescue.img',
    trustedKeys: ['./release.pub'],
    data: false,
  },
});
