/**
 * The certificate authorities that Mozilla trusts, in one file, out of the pinned toolchain's Debian package of the same
 * name: Debian has already taken out what its tools cannot carry over.
 */
import { defineSlice, lockedVersion } from '@cocon-os/engine';

export const caCertificates = defineSlice({
  name: 'ca-certificates',
  version: lockedVersion('ca-certificates'),
  license: 'MPL-2.0',
  summary: 'Certificate authorities that Mozilla trusts',
  packages: ['ca-certificates'],
  build: () => ({
    kind: 'steps',
    steps: [
      {
        name: 'collect',
        // The shell sorts names by their bytes.
        script: `
mkdir -p /out/etc/ssl/certs
for file in /usr/share/ca-certificates/mozilla/*.crt; do
  sed -e '$a\\' "$file"
done >/out/etc/ssl/certs/ca-certificates.crt
ln -s certs/ca-certificates.crt /out/etc/ssl/cert.pem
`,
      },
    ],
  }),
  outputs: { runtime: [''] },
  budget: { size: '230 KiB' },
  tests: ({ vm }) => [
    vm
      .boots()
      .run('grep -c BEGIN /etc/ssl/certs/ca-certificates.crt')
      .says(/^1\d\d$/m),
  ],
});
