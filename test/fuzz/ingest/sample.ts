/** Good inputs, one for each part of an image, with which mutation begins. */
import { gzipSync } from 'node:zlib';

import { tarBytes, type TarEntry } from '../../../image-builder/src/tar/write.ts';

const ENTRIES: readonly TarEntry[] = [
  { name: 'etc/', type: 'directory', mode: 0o755, size: 0 },
  {
    name: 'etc/motd',
    type: 'file',
    mode: 0o644,
    size: 6,
    data: [Buffer.from('hello\n')],
    xattrs: new Map([['user.note', Buffer.from('yes')]]),
    mtime: { seconds: 1, nanoseconds: 500_000_000 },
  },
  { name: 'etc/link', type: 'link', mode: 0o644, size: 0, linkname: 'etc/motd' },
  { name: 'etc/sym', type: 'symlink', mode: 0o777, size: 0, linkname: '../etc/motd' },
  { name: 'dev', type: 'character-device', mode: 0o600, size: 0, major: 5, minor: 1 },
  { name: `${'long/'.repeat(30)}name`, type: 'file', mode: 0o644, size: 1, data: [Buffer.of(10)] },
  { name: 'etc/.wh.motd', type: 'file', mode: 0o644, size: 0 },
];

const ZEROS = `sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef`;
const LAYER = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: ZEROS, size: 1024 };

export async function sampleInputs(): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of tarBytes(ENTRIES)) pieces.push(piece);
  const tar = Buffer.concat(pieces);
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const parts = [
    tar,
    gzipSync(tar),
    json({
      schemaVersion: 2,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: ZEROS, size: 2 },
      layers: [LAYER],
      annotations: { a: 'b' },
    }),
    json({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [ZEROS] },
    }),
    json({
      schemaVersion: 2,
      manifests: [
        { ...LAYER, platform: { os: 'linux', architecture: 'arm64' } },
        {
          ...LAYER,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          platform: { os: 'linux', architecture: 'amd64' },
        },
      ],
    }),
  ];
  return parts.map((part, index) => Buffer.concat([Buffer.of(index), part]));
}
