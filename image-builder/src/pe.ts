/**
 * As much of a PE/COFF image as kernels and loaders need: machine, subsystem and sections (Microsoft's "PE Format";
 * UEFI 2.10 §2.1.1). Reads untrusted bytes; what does not fit is `undefined`, never an exception.
 */

/** A section's name and where its bytes lie in the file. */
export interface PeSection {
  readonly name: string;
  /** First byte in the file. */
  readonly offset: number;
  /** Bytes in the file. */
  readonly size: number;
}

/** A PE image. */
export interface PeImage {
  /** IMAGE_FILE_MACHINE_*, for example 0x8664. */
  readonly machine: number;
  /** IMAGE_SUBSYSTEM_*; {@link EFI_APPLICATION} for what the firmware starts. */
  readonly subsystem: number;
  readonly sections: readonly PeSection[];
}

/** IMAGE_SUBSYSTEM_EFI_APPLICATION. */
export const EFI_APPLICATION = 10;

/** The machine numbers of the architectures that releases are made for, by OCI's names. */
export const PE_MACHINES: Readonly<Record<string, number>> = {
  amd64: 0x8664,
  arm64: 0xaa64,
  riscv64: 0x5064,
  arm: 0x01c2,
};

const DOS_HEADER = 64;
const COFF_HEADER = 24;
const SUBSYSTEM_AT = 68;
const SECTION_HEADER = 40;
const MAX_SECTIONS = 96;
const OPTIONAL_MAGICS = [0x10b, 0x20b];

/** Reads the headers of a PE image of `fileSize` bytes out of its first `bytes`; `undefined` when they are none. */
export function parsePe(bytes: Uint8Array, fileSize: number = bytes.length): PeImage | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < DOS_HEADER || ascii(bytes, 0, 2) !== 'MZ') return undefined;
  const at = view.getUint32(0x3c, true);
  if (at + COFF_HEADER > bytes.length || ascii(bytes, at, 4) !== 'PE\0\0') return undefined;
  const machine = view.getUint16(at + 4, true);
  const sectionCount = view.getUint16(at + 6, true);
  const optionalSize = view.getUint16(at + 20, true);
  const optional = at + COFF_HEADER;
  const table = optional + optionalSize;
  if (optionalSize < SUBSYSTEM_AT + 2 || sectionCount > MAX_SECTIONS) return undefined;
  if (table + sectionCount * SECTION_HEADER > bytes.length) return undefined;
  if (!OPTIONAL_MAGICS.includes(view.getUint16(optional, true))) return undefined;
  const sections: PeSection[] = [];
  for (let header = table; header < table + sectionCount * SECTION_HEADER; header += SECTION_HEADER) {
    const size = view.getUint32(header + 16, true);
    const offset = view.getUint32(header + 20, true);
    if (offset + size > fileSize) return undefined;
    sections.push({ name: ascii(bytes, header, 8).replace(/\0.*$/s, ''), offset, size });
  }
  return { machine, subsystem: view.getUint16(optional + SUBSYSTEM_AT, true), sections };
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
