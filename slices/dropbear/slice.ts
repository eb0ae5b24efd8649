/**
 * dropbear, the SSH server, with the program that makes its host key in the same file. Keys only: it asks for no password.
 * Host and user keys are Ed25519; a cloud that still hands out RSA keys sets the option `rsa`.
 */
import { defineSlice, flag, literally, pinnedSource, pinnedVersion } from '@cocon-os/engine';

import { linuxHeaders } from '../linux-headers/slice.ts';
import { configure, GUARDED, SMALL, STATIC } from '../musl/compile.ts';
import { musl } from '../musl/slice.ts';

const VERSION = pinnedVersion('dropbear');

/** Its `localoptions.h`: what differs from its `default_options.h`. */
function localOptions(rsa: boolean): string {
  const off = [
    'SVR_PASSWORD_AUTH SVR_AGENTFWD SVR_LOCALSTREAMFWD SFTPSERVER ECDSA DSS SK_KEYS',
    // Of key exchanges, the two around curve25519 stay: plain, and with ML-KEM against quantum computers to come.
    'DH_GROUP14_SHA256 ECDH SNTRUP761',
  ];
  const names = off.flatMap((line) => line.split(' ')).map((name) => `DROPBEAR_${name}`);
  return [
    ...[...names, 'INETD_MODE', ...(rsa ? [] : ['DROPBEAR_RSA'])].map((name) => `#define ${name} 0\n`),
    '#define DROPBEAR_PIDFILE "/run/dropbear.pid"\n',
  ].join('');
}

const MULTI = `PROGRAMS='dropbear dropbearkey' MULTI=1`;

export const dropbear = defineSlice({
  name: 'dropbear',
  version: VERSION,
  license: 'MIT AND BSD-2-Clause AND BSD-3-Clause AND LicenseRef-OpenSSH AND LicenseRef-public-domain',
  summary: 'SSH server',
  source: pinnedSource('dropbear', {
    // Debian's one patch is for its tests.
    patched: false,
  }),
  needs: [musl, linuxHeaders],
  options: { rsa: flag(false, 'RSA keys besides Ed25519') },
  kernel: (k) => [k.NET, k.INET, k.UNIX, k.UNIX98_PTYS, k.MULTIUSER, k.TTY],
  build: ({ target, options: { rsa } }) => ({
    kind: 'steps',
    inputs: { 'localoptions.h': localOptions(rsa) },
    steps: [
      {
        name: 'configure',
        script: `
cp /inputs/localoptions.h source/
cd source
${configure(target)} --enable-static --enable-bundled-libtom --disable-harden --disable-zlib --disable-syslog --disable-shadow \\
  --disable-lastlog --disable-utmp --disable-utmpx --disable-wtmp --disable-wtmpx --disable-loginfunc \\
  --disable-pututline --disable-pututxline \\
  CFLAGS='${SMALL} ${GUARDED}' LDFLAGS='${STATIC}'
`,
      },
      { name: 'compile', script: `make -C source -j"$(nproc)" dropbearmulti ${MULTI}` },
      {
        name: 'install',
        script: `
install -D -m 755 source/dropbearmulti /out/usr/sbin/dropbear
${target.triplet}-strip --strip-all /out/usr/sbin/dropbear
mkdir /out/usr/bin
ln -s ../sbin/dropbear /out/usr/bin/dropbearkey
`,
      },
    ],
  }),
  outputs: { runtime: [''] },
  budget: { size: '330 KiB' },
  tests: ({ vm }) => [
    vm
      .boots()
      .run('dropbear -V 2>&1')
      .says(new RegExp(`^Dropbear v${literally(VERSION)}`))
      .run('dropbearkey -t ed25519 -f /tmp/host-key && rm /tmp/host-key')
      .says(/^ssh-ed25519 /m),
  ],
});
