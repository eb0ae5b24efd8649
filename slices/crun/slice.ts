/**
 * crun, which runs containers as the OCI runtime specification has it: one static program, with capabilities, seccomp
 * filters and control groups of version 2 by itself. Without systemd, checkpoints and other runtimes' handlers.
 */
import { defineSlice } from '@cocon-os/engine';

import { argp } from '../argp/slice.ts';
import { libcap } from '../libcap/slice.ts';
import { libseccomp } from '../libseccomp/slice.ts';
import { linuxHeaders } from '../linux-headers/slice.ts';
import { configure, GUARDED, SMALL, STATIC } from '../musl/compile.ts';
import { musl } from '../musl/slice.ts';
import { yajl } from '../yajl/slice.ts';
import { CRUN_VERSION, crunSource } from './source.ts';

const LIBRARIES = [argp, libcap, libseccomp, yajl].map(({ name }) => `/needs/${name}`);

const INCLUDE = LIBRARIES.map((path) => `-I${path}/include`).join(' ');
const LIBRARY_PATH = LIBRARIES.map((path) => `-L${path}/lib`).join(' ');

export const crun = defineSlice({
  name: 'crun',
  version: CRUN_VERSION,
  license: 'GPL-2.0-or-later AND LGPL-2.1-or-later',
  summary: 'Runs OCI containers',
  source: crunSource,
  needs: [musl, linuxHeaders, argp, libcap, libseccomp, yajl],
  packages: ['python3-minimal'],
  kernel: (k) => [
    k.NAMESPACES,
    k.UTS_NS,
    k.IPC_NS,
    k.USER_NS,
    k.PID_NS,
    k.NET_NS,
    k.CGROUPS,
    k.MEMCG,
    k.CGROUP_SCHED,
    k.FAIR_GROUP_SCHED,
    k.CFS_BANDWIDTH,
    k.CGROUP_PIDS,
    k.CPUSETS,
    // A container's list of devices is a BPF program on its control group.
    k.BPF_SYSCALL,
    k.CGROUP_BPF,
    k.BPF_UNPRIV_DEFAULT_OFF,
    k.SECCOMP,
    k.SECCOMP_FILTER,
    k.KEYS,
    k.SYSVIPC,
    k.POSIX_MQUEUE,
    k.OVERLAY_FS,
    k.TMPFS,
    k.PROC_FS,
    k.SYSFS,
    k.UNIX98_PTYS,
    k.MULTIUSER,
    k.EPOLL,
    k.SIGNALFD,
    k.EVENTFD,
    k.FHANDLE,
  ],
  build: ({ target }) => ({
    kind: 'steps',
    steps: [
      {
        name: 'configure',
        script: `
cd source
${configure(target)} --disable-shared --disable-dependency-tracking --disable-maintainer-mode \\
  --disable-systemd --disable-criu --disable-dl \\
  CPPFLAGS='${INCLUDE}' CFLAGS='${SMALL} ${GUARDED}' LDFLAGS='${STATIC} ${LIBRARY_PATH}' \\
  YAJL_CFLAGS=-I/needs/yajl/include YAJL_LIBS=-lyajl
`,
      },
      {
        name: 'generate',
        // The readers of configurations, out of the specifications' schemas. Before all else, for make does not know who includes them.
        script: `
make -C source .version git-version.h
for schema in runtime_spec image_spec image_manifest basic-test; do
  make -C source/libocispec "src/\${schema}_stamp"
done
`,
      },
      { name: 'compile', script: 'make -C source -j"$(nproc)" crun CRUN_LDFLAGS=-all-static' },
      {
        name: 'install',
        script: `
install -D -m 755 source/crun /out/usr/bin/crun
${target.triplet}-strip --strip-all /out/usr/bin/crun
`,
      },
    ],
  }),
  outputs: { runtime: [''] },
  budget: { size: '660 KiB' },
  tests: ({ vm }) => [
    vm
      .boots()
      .run('crun --version')
      .says(/^crun version 1\.21$/m),
  ],
});
