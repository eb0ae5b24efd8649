/**
 * The layout of `manifest.json`, which both languages read. See README.md beside this file.
 */

/** Bytes at a place: as hexadecimal digits, as ASCII text, or so many zeros. */
export interface Piece {
  readonly offset: number;
  readonly hex?: string;
  readonly text?: string;
  readonly zeros?: number;
}

/** Bytes that several cases begin with: `size` zeros with the pieces laid over them. */
export interface Base {
  readonly size: number;
  readonly pieces: readonly Piece[];
}

/** The structures that a case can be about. */
export type Structure = 'superblock' | 'record' | 'descriptor' | 'release' | 'signature' | 'volume';

/** One input, and what every reader makes of it. */
export interface Case {
  /** Unique; also the title of its test. */
  readonly name: string;
  readonly structure: Structure;
  /** Name of a base. */
  readonly base: string;
  /** Laid over the base, in order. */
  readonly edits: readonly Piece[];
  /** The input is cut, or lengthened with zeros, to so many bytes. */
  readonly length?: number;
  /** superblock: which copy it is, on a device of so many blocks. */
  readonly copy?: 'A' | 'B';
  readonly deviceBlocks?: number;
  /** record: the block that it was read from. */
  readonly block?: number;
  /** descriptor: the slot that names it in the base `record`. */
  readonly slot?: number;
  /** The code of FORMAT.md §10, or what was read. */
  readonly expect: { readonly error: string } | { readonly value: unknown };
}

/** The whole file. */
export interface Manifest {
  readonly format: 'cocon.vectors/1';
  /** Raw Ed25519 public keys, hexadecimal, that the signature cases trust. */
  readonly trustedKeys: readonly string[];
  readonly bases: Readonly<Record<string, Base>>;
  readonly cases: readonly Case[];
}

/** The input of a case. */
export function inputOf(
  manifest: Manifest,
  { base, edits, length }: Pick<Case, 'base' | 'edits' | 'length'>,
): Uint8Array {
  const { size, pieces } = manifest.bases[base] ?? { size: 0, pieces: [] };
  const bytes = new Uint8Array(Math.max(size, length ?? 0));
  for (const piece of [...pieces, ...edits]) bytes.set(bytesOf(piece), piece.offset);
  return bytes.subarray(0, length ?? size);
}

/** The bytes of a piece. */
export function bytesOf({ hex, text, zeros }: Piece): Uint8Array {
  if (hex !== undefined) return new Uint8Array(Buffer.from(hex, 'hex'));
  return text === undefined ? new Uint8Array(zeros ?? 0) : new Uint8Array(Buffer.from(text, 'latin1'));
}
