/** The two superblock copies (FORMAT.md §3): both good, both the same, both within reach. */
import type { BlockDevice } from '../block-device.ts';
import { isSdfsError } from '../errors.ts';
import { BLOCK_SIZE, SUPERBLOCK } from '../format.ts';
import { readSuperblockCopy, type CopyResult, type Superblock } from '../superblock.ts';
import type { Finding } from './finding.ts';

/** What there is to say about the copies. */
export function checkSuperblocks(device: BlockDevice): readonly Finding[] {
  const [a, b] = readCopies(device);
  if (a === undefined || b === undefined) return [];
  const deviceBlocks = Math.floor(device.sizeBytes / BLOCK_SIZE);
  const superblock = 'superblock' in a ? a.superblock : 'superblock' in b ? b.superblock : undefined;
  const findings: Finding[] = [];
  if ('error' in a) findings.push(unusable('A', a.error));
  if (superblock !== undefined && superblock.totalBlocks < deviceBlocks) {
    findings.push({
      code: 'COPY_B_OUT_OF_REACH',
      severity: 'warning',
      place: 'superblock copy B',
      message: `the volume has ${superblock.totalBlocks} blocks, its device ${deviceBlocks}: a reader that has lost copy A looks for copy B at the device's end`,
      hint: 'Make the partition or image file exactly as large as the volume.',
    });
  } else if ('error' in b) findings.push(unusable('B', b.error));
  if ('superblock' in a && 'superblock' in b && !equalButForCopy(a.bytes, b.bytes)) {
    findings.push({
      code: 'SUPERBLOCKS_DIFFER',
      severity: 'error',
      place: 'superblock copies A and B',
      message: 'the copies hold different values, expected the same but for copy and crc',
      hint: 'One of them is from another volume. Back up what matters and make the volume anew.',
    });
  }
  return [...findings, ...(superblock === undefined ? [] : featureFindings(superblock))];
}

function readCopies(device: BlockDevice): readonly [CopyResult?, CopyResult?] {
  try {
    return [readSuperblockCopy(device, 'A'), readSuperblockCopy(device, 'B')];
  } catch (thrown) {
    // Too small for two copies: opening the volume says so.
    if (isSdfsError(thrown)) return [];
    throw thrown;
  }
}

function unusable(copy: 'A' | 'B', error: Error & { readonly code: string }): Finding {
  return {
    code: copy === 'A' ? 'SUPERBLOCK_A_UNUSABLE' : 'SUPERBLOCK_B_UNUSABLE',
    severity: 'error',
    place: `superblock copy ${copy}`,
    message: `${error.message} [${error.code}]`,
    hint: 'The other copy serves as long as it lasts. Back up what matters and make the volume anew.',
  };
}

function equalButForCopy(a: Uint8Array, b: Uint8Array): boolean {
  const own = [SUPERBLOCK.fields.crc, SUPERBLOCK.fields.copy];
  return a.every(
    (byte, index) =>
      byte === b[index] || own.some(({ offset, size }) => index >= offset && index < offset + size),
  );
}

function featureFindings({ compat, roCompat }: Superblock): readonly Finding[] {
  return [
    ...(compat === 0 ? [] : [finding('UNKNOWN_COMPAT_BITS', compat, 'nothing depends on them')]),
    ...(roCompat === 0
      ? []
      : [finding('UNKNOWN_RO_COMPAT_BITS', roCompat, 'the volume can be read only, trials do not start')]),
  ];
}

function finding(
  code: 'UNKNOWN_COMPAT_BITS' | 'UNKNOWN_RO_COMPAT_BITS',
  bits: number,
  effect: string,
): Finding {
  return {
    code,
    severity: code === 'UNKNOWN_COMPAT_BITS' ? 'note' : 'warning',
    place: 'superblock',
    message: `bits 0x${bits.toString(16)} are not known to this version: ${effect}`,
    hint: 'A newer sdfs made the volume; use that.',
  };
}
