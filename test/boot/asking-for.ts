/** Programs that a machine has too little memory for. */

/** The EFI program, for which the firmware has to find so much memory: `SizeOfImage` of its optional header (PE Format, PE32+). */
export function askingFor(program: Uint8Array, bytes: number): Buffer {
  const copy = Buffer.from(program);
  const optionalHeader = copy.readUInt32LE(0x3c) + 24;
  copy.writeUInt32LE(bytes, optionalHeader + 56);
  return copy;
}
