/**
 * What a cloud, or a disk labelled cidata, says of this machine: SSH keys, host name, and a script that is run once. And
 * the SSH server that takes the keys.
 */
import { join } from 'node:path';

import { defineSlice, localSource } from '@cocon-os/engine';

import { baseFiles } from '../base-files/slice.ts';
import { dropbear } from '../dropbear/slice.ts';

export const cloud = defineSlice({
  name: 'cloud',
  version: '1',
  license: 'Apache-2.0',
  summary: 'SSH keys, host name and user-data from NoCloud and EC2-style metadata',
  source: localSource(join(import.meta.dirname, 'files')),
  runsWith: [baseFiles, dropbear],
  kernel: (k) => [
    // Disks labelled cidata, as FAT with the names that mkfs.vfat and mtools write, or as ISO 9660 on disk or in a drive.
    k.VFAT_FS,
    k.NLS,
    k.NLS_CODEPAGE_437,
    k.NLS_ISO8859_1,
    k.ISO9660_FS,
    k.JOLIET,
    k.SCSI,
    k.BLK_DEV_SR,
    // Who made the machine: EC2's firmware says that its metadata service may be asked.
    k.DMI,
    k.DMIID,
    k.INET,
    k.UNIX98_PTYS,
  ],
  build: () => ({ kind: 'entries', entries: [] }),
  outputs: { runtime: [''] },
  tests: ({ vm }) => [
    vm
      .boots()
      .run('until [ -s /data/ssh/dropbear_ed25519_host_key ]; do sleep 1; done')
      .run('dropbearkey -y -f /data/ssh/dropbear_ed25519_host_key')
      .says(/^ssh-ed25519 /)
      .run('for try in 1 2 3 4 5; do netstat -ltn | grep ":22 " && break; sleep 2; done')
      .says(/:22 .*LISTEN/),
  ],
});
