/** The smallest system that updates itself and runs containers. */
import { configure, defineProfile } from '@cocon-os/engine';

import { baseFiles } from '../slices/base-files/slice.ts';
import { busybox } from '../slices/busybox/slice.ts';
import { coconUpdate } from '../slices/cocon-update/slice.ts';
import { containers } from '../slices/containers/slice.ts';
import { linux } from '../slices/linux/slice.ts';

export const profile = defineProfile({
  name: 'embedded',
  summary: 'The smallest system that updates itself and runs containers',
  slices: [linux, busybox, baseFiles, containers, coconUpdate],
  options: [configure(busybox, { vi: false })],
  kernel: (k) => [k.IPV6],
  // The one init that may start (another one would hide that it is broken), and a reset a second after a panic.
  commandLine: 'init=/sbin/init panic=1',
  tests: ({ vm }) => [
    vm
      .boots()
      .run('mountpoint /data')
      .run('cat /proc/cmdline')
      .says(/ init=\/sbin\/init /),
  ],
  // 0.47 as measured; it is tried with cocon test --boot-budget.
  budget: { size: '6 MiB', kernel: '3.3 MiB', bootRatio: 0.6 },
});
