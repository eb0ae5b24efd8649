/** What makes a release this one: its version, and the keys whose signatures it accepts on the next one. */
import { defineSlice, type LayerEntry, type Slice } from '@cocon-os/engine';

/** A trusted public key: SubjectPublicKeyInfo in PEM, and the name of its file without extension. */
export interface TrustedKey {
  readonly name: string;
  readonly pem: string;
}

/** /etc/os-release (os-release(5)) and /etc/cocon/keys. */
export function release(version: string, keys: readonly TrustedKey[]): Slice {
  const osRelease = {
    NAME: 'Cocon OS',
    ID: 'cocon',
    VERSION: version,
    VERSION_ID: version,
    PRETTY_NAME: `Cocon OS ${version}`,
  };
  const text = Object.entries(osRelease).map(([name, value]) => `${name}=${quoted(value)}\n`);
  const entries: readonly LayerEntry[] = [
    { type: 'file', path: 'etc/os-release', mode: 0o644, contents: text.join('') },
    { type: 'directory', path: 'etc/cocon/keys', mode: 0o755 },
    ...keys.map(({ name, pem }): LayerEntry => ({
      type: 'file',
      path: `etc/cocon/keys/${name}.pem`,
      mode: 0o644,
      contents: pem,
    })),
  ];
  return defineSlice({
    name: 'release',
    version,
    license: 'Apache-2.0',
    summary: 'Version and trusted keys',
    build: () => ({ kind: 'entries', entries }),
    outputs: { runtime: [''] },
    tests: ({ vm }) => [
      vm
        .boots()
        .run('cat /etc/os-release')
        .says(/^ID="cocon"$/m),
    ],
  });
}

/** In double quotes, as shells and os-release(5) read it. */
function quoted(value: string): string {
  return `"${value.replaceAll(/["$`\\]/g, String.raw`\$&`)}"`;
}
