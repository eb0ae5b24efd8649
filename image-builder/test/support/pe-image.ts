/** Small PE images: enough of a kernel or a loader for everything that does not start it. */

/** What to put in. */
export interface PeImageOptions {
  readonly machine?: number;
  readonly subsystem?: number;
  /** Names to contents. */
  readonly sections?: Readonly<Record<string, Uint8Array>>;
}

const PE_AT = 0x80;
const OPTIONAL_SIZE = 240;
const FILE_ALIGNMENT = 512;

/** A PE32+ image; by default an EFI application for x86_64. */
export function makePe({
  machine = 0x8664,
  subsystem = 10,
  sections = { '.text': Buffer.alloc(512, 0x90) },
}: PeImageOptions = {}): Buffer {
  const names = Object.entries(sections);
  const headers = Buffer.alloc(1024);
  headers.write('MZ', 0, 'latin1');
  headers.writeUInt32LE(PE_AT, 0x3c);
  headers.write('PE\0\0', PE_AT, 'latin1');
  headers.writeUInt16LE(machine, PE_AT + 4);
  headers.writeUInt16LE(names.length, PE_AT + 6);
  headers.writeUInt16LE(OPTIONAL_SIZE, PE_AT + 20);
  headers.writeUInt16LE(0x20b, PE_AT + 24);
  headers.writeUInt16LE(subsystem, PE_AT + 24 + 68);
  const bodies: Buffer[] = [];
  let offset = headers.length;
  for (const [index, [name, bytes]] of names.entries()) {
    const at = PE_AT + 24 + OPTIONAL_SIZE + index * 40;
    const size = Math.ceil(bytes.length / FILE_ALIGNMENT) * FILE_ALIGNMENT;
    headers.write(name, at, 'latin1');
    headers.writeUInt32LE(size, at + 16);
    headers.writeUInt32LE(offset, at + 20);
    bodies.push(Buffer.concat([bytes], size));
    offset += size;
  }
  return Buffer.concat([headers, ...bodies]);
}

/** The empty section of bootloader/DESIGN.md, "The .trust section". */
export function emptyTrustSection(): Buffer {
  const section = Buffer.alloc(512);
  section.write('COCONKEY', 0, 'latin1');
  section.writeUInt32LE(1, 12);
  return section;
}

/** A loader that firmware would not start, but that takes keys. */
export function makeLoader(): Buffer {
  return makePe({ sections: { '.text': Buffer.alloc(512, 0x90), '.trust': emptyTrustSection() } });
}
