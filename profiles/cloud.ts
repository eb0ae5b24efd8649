/** A server in a cloud or a virtual machine: SSH and user-data, containers, and tools for the disk. */
import { configure, defineProfile } from '@cocon-os/engine';

import { baseFiles } from '../slices/base-files/slice.ts';
import { busybox } from '../slices/busybox/slice.ts';
import { caCertificates } from '../slices/ca-certificates/slice.ts';
import { cloud } from '../slices/cloud/slice.ts';
import { coconUpdate } from '../slices/cocon-update/slice.ts';
import { containers } from '../slices/containers/slice.ts';
import { dropbear } from '../slices/dropbear/slice.ts';
import { e2fsprogs } from '../slices/e2fsprogs/slice.ts';
import { linux } from '../slices/linux/slice.ts';

export const profile = defineProfile({
  name: 'cloud',
  summary: 'A server in a cloud: SSH, user-data, containers',
  slices: [linux, busybox, baseFiles, caCertificates, e2fsprogs, containers, cloud, coconUpdate],
  // Clouds still hand out RSA keys.
  options: [configure(dropbear, { rsa: true })],
  kernel: (k) => [k.IPV6, k.BLK_DEV_NVME],
  commandLine: 'init=/sbin/init panic=1',
  budget: { size: '7 MiB', kernel: '3.3 MiB' },
});
