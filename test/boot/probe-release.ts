/** Releases whose kernel is the loader's probe, an EFI program that says what it was handed (bootloader/efi/examples). */
import { randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  encodeRelease,
  encodeSignatures,
  openRelease,
  sha256Hex,
  stage,
  type Release,
  type SignedRelease,
  type Volume,
} from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { fillSlot } from '../support/fill-slot.ts';
import { ROOT, type ReleaseKey } from '../support/releases.ts';

/** The probe, as scripts/build-loader leaves it. */
export const PROBE = join(ROOT, 'target/x86_64-unknown-uefi/boot/examples/probe.efi');

/** What may differ from a plain release. */
export interface ProbeOptions {
  readonly version: string;
  /** `probe` when not given. It is what the release's kernel must say to be itself. */
  readonly commandLine?: string;
  readonly attempts?: number;
  readonly securityVersion?: number;
  readonly architecture?: Release['architecture'];
  /** The probe when not given. */
  readonly kernel?: Uint8Array;
  /** Bytes of the initrd; 5000 when not given. */
  readonly initrdBytes?: number;
  /** Device trees by name. */
  readonly deviceTrees?: Readonly<Record<string, Uint8Array>>;
}

/** A signed release and the bytes of its files, by their names in a slot. */
export interface ProbeRelease {
  readonly signed: SignedRelease;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Makes and signs a release. */
export function probeRelease(key: ReleaseKey, options: ProbeOptions): ProbeRelease {
  const kernel = options.kernel ?? readFileSync(PROBE);
  const initrd = randomBytes(options.initrdBytes ?? 5000);
  const trees = Object.entries(options.deviceTrees ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const json = encodeRelease({
    format: 'cocon.release/1',
    name: 'probe',
    version: options.version,
    architecture: options.architecture ?? 'amd64',
    securityVersion: options.securityVersion ?? 1,
    attempts: options.attempts ?? 3,
    commandLine: options.commandLine ?? 'probe',
    kernel: described(kernel),
    initrd: described(initrd),
    ...(trees.length > 0 && { deviceTrees: trees.map(([name, bytes]) => ({ name, ...described(bytes) })) }),
  });
  const signature = sign(null, json, key.privateKey);
  const signatures = encodeSignatures([{ publicKey: key.publicKey, signature }], nodeCrypto);
  return {
    signed: openRelease(json, signatures, [key.publicKey], nodeCrypto),
    files: new Map([
      ['kernel', kernel],
      ['initrd', initrd],
      ...trees.map(([name, bytes]) => [`dtb/${name}`, bytes] as const),
    ]),
  };
}

/** Stages a release and returns its slot, on trial. */
export function stageProbe(volume: Volume, release: ProbeRelease): number {
  return fillSlot(stage(volume, release.signed, { crypto: nodeCrypto }), Object.fromEntries(release.files));
}

/** Size and SHA-256, as release.json has them. */
function described(bytes: Uint8Array): { size: number; sha256: string } {
  return { size: bytes.length, sha256: sha256Hex(nodeCrypto, bytes) };
}
