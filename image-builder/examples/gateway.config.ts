/** Every key there is. What is said here as a default need not be said. */
import { defineConfig } from '@cocon-os/image-builder';

export default defineConfig({
  name: 'gateway',
  version: '2.1.0',
  architecture: 'amd64',
  seal: {
    input: 'registry.example/gateway/os:2.1.0',
    output: './gateway-2.1.0.oci',
    kernel: '/boot/vmlinuz',
    initrd: false,
    deviceTrees: [],
    rootfs: true,
    commandLine: 'console=ttyS0,115200 init=/sbin/init panic=5',
    // Raised when a release closes a hole that nobody should be able to go back to.
    securityVersion: 4,
    attempts: 3,
    // The second key is the one that takes over when the first has to go.
    keys: ['./release.key', './next.key'],
    // Needs CONFIG_EROFS_FS_ZIP_ZSTD, Linux 6.10 or later.
    compression: { algorithm: 'zstd', level: 19, clusterBytes: 65_536 },
    limits: { totalBytes: '16GiB', ratio: 200, entries: 1_000_000 },
    insecureRegistry: false,
  },
  image: {
    output: './gateway.img',
    releases: ['./gateway-2.1.0.oci'],
    loader: './cocon-efi.efi',
    trustedKeys: ['./release.pub', './next.pub'],
    espBytes: '16MiB',
    // 4 MiB: the erase group of the flash that this device has.
    volume: { slots: 3, sizeBytes: '256MiB', groupBlocks: 1024, label: 'gateway' },
    data: { sizeBytes: '512MiB' },
    uuid: '0c7f3a52-6a0e-4a55-9d53-0b1f2d7c9e10',
  },
  run: { memoryMiB: 256, cpus: 2, network: true },
  tools: { mkfsErofs: './tools/mkfs.erofs' },
});
