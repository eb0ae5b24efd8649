/** The volume that the vectors are made from: three slots, one confirmed, one in trial, one empty. Always the same bytes. */
import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';

import {
  commit,
  encodeRelease,
  encodeSignatures,
  fromHex,
  MemoryDevice,
  mkfs,
  noteProgress,
  openRelease,
  sha256Hex,
  stage,
  type Release,
  type Volume,
} from '@cocon-os/sdfs';
import { nodeCrypto as crypto } from '@cocon-os/sdfs/node';

import { fillSlot } from '../support/fill-slot.ts';

/** DER of a PKCS #8 Ed25519 private key up to the 32 bytes of its seed (RFC 8410 §7). */
const ED25519_PKCS8 = fromHex('302e020100300506032b657004220420');

/** A key whose seed is the given byte 32 times. */
export function keyOf(seed: number): { readonly privateKey: KeyObject; readonly publicKey: Uint8Array } {
  const der = Buffer.concat([ED25519_PKCS8, new Uint8Array(32).fill(seed)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, publicKey: new Uint8Array(spki.subarray(-32)) };
}

/** The key that the vectors trust. */
export const TRUSTED = keyOf(1);

/** An Ed25519 signature. */
export function signatureOf(message: Uint8Array, privateKey: KeyObject): Uint8Array {
  return new Uint8Array(sign(null, message, privateKey));
}

/** A file of `size` bytes that says what it is, so that a hex dump can be read. */
export function fileBytes(title: string, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => `${title}\n`.charCodeAt(index % (title.length + 1)));
}

/** The contents of a release. */
export interface Sample {
  readonly release: Release;
  readonly contents: Readonly<Record<string, Uint8Array>>;
}

/** Release `version`: kernel, initrd, a device tree, root file system and hash tree. */
export function sampleRelease(version: number): Sample {
  const contents = {
    kernel: fileBytes(`kernel ${version}`, 5000),
    initrd: fileBytes(`initrd ${version}`, 4096),
    'dtb/board.dtb': fileBytes(`dtb ${version}`, 100),
    rootfs: fileBytes(`rootfs ${version}`, 2 * 4096),
    verity: fileBytes(`verity ${version}`, 4096),
  };
  const release: Release = {
    format: 'cocon.release/1',
    name: 'sample',
    version: `${version}.0`,
    architecture: 'amd64',
    securityVersion: version,
    attempts: 3,
    commandLine: 'console=ttyS0',
    kernel: file(contents.kernel),
    initrd: file(contents.initrd),
    deviceTrees: [{ name: 'board.dtb', ...file(contents['dtb/board.dtb']) }],
    rootfs: { ...file(contents.rootfs), verity: { ...file(contents.verity), rootHash: '5a'.repeat(32) } },
  };
  return { release, contents };
}

/** Stages a release into a volume; the slot that it got. */
export function stageSample(volume: Volume, { release, contents }: Sample, force = false): number {
  const json = encodeRelease(release);
  const entries = [{ publicKey: TRUSTED.publicKey, signature: signatureOf(json, TRUSTED.privateKey) }];
  const signed = openRelease(json, encodeSignatures(entries, crypto), [TRUSTED.publicKey], crypto);
  return fillSlot(stage(volume, signed, { crypto, time: 1_700_000_000, force }), contents);
}

/** Slot 0 confirmed with release 1, slot 1 in trial with release 2 and one attempt used, slot 2 empty. */
export function sampleVolume(): { readonly device: MemoryDevice; readonly volume: Volume } {
  const device = new MemoryDevice(SAMPLE_BLOCKS * 4096);
  const volume = mkfs(
    device,
    {
      slots: 3,
      groupBlocks: 16,
      ringRecords: 4,
      label: 'vectors',
      uuid: '01234567-89ab-4cde-8f01-23456789abcd',
      time: 1_700_000_000,
    },
    crypto,
  );
  commit(volume, stageSample(volume, sampleRelease(1)), { time: 1_700_000_001 });
  const trial = stageSample(volume, sampleRelease(2));
  noteProgress(volume, trial, {
    progress: 'health',
    reason: 'health-failed',
    detail: '10-network: exit 1',
    time: 1_700_000_002,
  });
  volume.write(
    (draft) => {
      draft.setSlot(trial, { attemptsLeft: 2 });
      draft.noteFailure({
        releaseDigest: 'fa'.repeat(32),
        generation: 1n,
        reason: 1,
        progress: 2,
        detail: 'an earlier one',
      });
    },
    { writer: 'loader', time: 1_700_000_003 },
  );
  return { device, volume };
}

/** The smallest volume of three slots with erase groups of 16 blocks. */
export const SAMPLE_BLOCKS = 97;

function file(bytes: Uint8Array) {
  return { size: bytes.length, sha256: sha256Hex(crypto, bytes) };
}
