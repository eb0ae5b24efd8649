/** What a file or disk is that is neither a volume nor a disk of ours, by its magic numbers, and the way to one that is. */
import type { BlockDevice } from './block-device.ts';
import { tryRead } from './try-read.ts';

/** Another format. */
export interface ForeignFormat {
  /** With its article: "a disk image of QEMU (qcow2)". */
  readonly name: string;
  readonly hint: string;
}

interface Signature extends ForeignFormat {
  /** From the start; below 0 from the end. */
  readonly offset: number;
  /** Bytes in hexadecimal; `..` is any. */
  readonly magic: string;
}

/** Stands for the file's name in a hint. */
const THIS_FILE = '<this file>';
const convert = (format: string): string =>
  `A disk is read raw: qemu-img convert -f ${format} -O raw ${THIS_FILE} disk.img`;
const unpack = (program: string): string => `Unpack it: ${program} -dc ${THIS_FILE} > disk.img`;
const FILE_SYSTEM =
  'It has no SDFS volume and no partition table. Name the whole disk, or the disk image that cocon image wrote.';

/** The first that fits counts. */
const SIGNATURES: readonly Signature[] = [
  { offset: 0, magic: '514649fb', name: 'a disk image of QEMU (qcow2)', hint: convert('qcow2') },
  { offset: 0, magic: '4b444d56', name: 'a disk image of VMware (VMDK)', hint: convert('vmdk') },
  {
    offset: 0,
    magic: '23204469736b2044657363726970746f7246696c65',
    name: 'the description of a disk image of VMware (VMDK)',
    hint: convert('vmdk'),
  },
  { offset: 0, magic: '7668647866696c65', name: 'a disk image of Hyper-V (VHDX)', hint: convert('vhdx') },
  {
    offset: 0,
    magic: '636f6e6563746978',
    name: 'a dynamic disk image of Hyper-V (VHD)',
    hint: convert('vpc'),
  },
  { offset: 64, magic: '7f10dabe', name: 'a disk image of VirtualBox (VDI)', hint: convert('vdi') },
  { offset: 0, magic: '51454400', name: 'a disk image of QEMU (QED)', hint: convert('qed') },
  {
    offset: 0,
    magic: '3aff26ed',
    name: 'a sparse image of Android',
    hint: `Unpack it: simg2img ${THIS_FILE} disk.img`,
  },
  { offset: 0, magic: '1f8b', name: 'compressed by gzip', hint: unpack('gzip') },
  { offset: 0, magic: 'fd377a585a00', name: 'compressed by xz', hint: unpack('xz') },
  { offset: 0, magic: '28b52ffd', name: 'compressed by zstd', hint: unpack('zstd') },
  { offset: 0, magic: '425a68..314159265359', name: 'compressed by bzip2', hint: unpack('bzip2') },
  { offset: 0, magic: '04224d18', name: 'compressed by lz4', hint: unpack('lz4') },
  { offset: 0, magic: '5d00008000ffffffff', name: 'compressed by lzma', hint: unpack('xz') },
  {
    offset: 0,
    magic: '504b0304',
    name: 'a zip archive',
    hint: 'Unpack it by unzip and name the disk image in it.',
  },
  {
    offset: 0,
    magic: '377abcaf271c',
    name: 'a 7-Zip archive',
    hint: 'Unpack it by 7z and name the disk image in it.',
  },
  {
    offset: 32_769,
    magic: '4344303031',
    name: 'an ISO 9660 image, of an optical disc',
    hint: 'An SDFS volume lies on a disk with a GUID partition table; cocon image writes one.',
  },
  { offset: 0, magic: '68737173', name: 'a SquashFS file system', hint: FILE_SYSTEM },
  { offset: 1024, magic: 'e2e1f5e0', name: 'an EROFS file system', hint: FILE_SYSTEM },
  { offset: 1080, magic: '53ef', name: 'an ext2, ext3 or ext4 file system', hint: FILE_SYSTEM },
  { offset: 0, magic: '58465342', name: 'an XFS file system', hint: FILE_SYSTEM },
  { offset: 65_600, magic: '5f42485266535f4d', name: 'a Btrfs file system', hint: FILE_SYSTEM },
  { offset: 1024, magic: '1020f5f2', name: 'an F2FS file system', hint: FILE_SYSTEM },
  { offset: 3, magic: '4e54465320202020', name: 'an NTFS file system', hint: FILE_SYSTEM },
  { offset: 3, magic: '4558464154202020', name: 'an exFAT file system', hint: FILE_SYSTEM },
  { offset: 82, magic: '4641543332202020', name: 'a FAT file system', hint: FILE_SYSTEM },
  { offset: 54, magic: '46415431', name: 'a FAT file system', hint: FILE_SYSTEM },
  { offset: 4086, magic: '53574150535041434532', name: 'swap space', hint: FILE_SYSTEM },
  { offset: 0, magic: '4c554b53babe', name: 'a LUKS volume', hint: FILE_SYSTEM },
  { offset: 536, magic: '4c564d3220303031', name: 'a physical volume of LVM', hint: FILE_SYSTEM },
  {
    offset: 0,
    magic: '30373037303.',
    name: 'a cpio archive',
    hint: 'SWUpdate packs its images so; name the disk image in it.',
  },
  {
    offset: 257,
    magic: '7573746172',
    name: 'a tar archive',
    hint: 'cocon inspect shows a sealed release or an image; a volume is made from it by cocon image.',
  },
  { offset: 0, magic: '7f454c46', name: 'a program (ELF)', hint: 'Name a disk, a disk image or a volume.' },
  {
    offset: 0,
    magic: '4d5a',
    name: 'a program for EFI, as a kernel or a loader',
    hint: 'Name a disk, a disk image or a volume.',
  },
  {
    offset: 0,
    magic: 'd00dfeed',
    name: 'a device tree or a FIT image',
    hint: 'Name a disk, a disk image or a volume.',
  },
];

const MASTER_BOOT_RECORD: Signature = {
  offset: 510,
  magic: '55aa',
  name: 'a disk with a master boot record and no GUID partition table that can be read',
  hint: 'An SDFS volume lies on a disk with a GUID partition table; cocon image writes one. If this is one, its table is lost: write the image again.',
};

/** A fixed disk image of Hyper-V is a raw one with this in a sector behind it. */
const VHD_FOOTER: Signature = {
  offset: -512,
  magic: '636f6e6563746978',
  name: 'a fixed disk image of Hyper-V (VHD)',
  hint: convert('vpc'),
};

/** Which other format it is, beside a GUID partition table if there is one; `undefined` when it is none that is known here. */
export function identify(device: BlockDevice): ForeignFormat | undefined {
  return firstFit(device, SIGNATURES);
}

/** The same of a device that has no such table. */
export function identifyWithoutTable(device: BlockDevice): ForeignFormat | undefined {
  return firstFit(device, [...SIGNATURES, MASTER_BOOT_RECORD]);
}

/** Whether a footer lies behind the disk's own bytes, whose last sector is then not the last one of the file. */
export function fixedVhd(device: BlockDevice): ForeignFormat | undefined {
  return firstFit(device, [VHD_FOOTER]);
}

function firstFit(device: BlockDevice, signatures: readonly Signature[]): ForeignFormat | undefined {
  const found = signatures.find((signature) => fits(device, signature));
  return found && { name: found.name, hint: found.hint.replace(THIS_FILE, device.name) };
}

function fits(device: BlockDevice, { offset, magic }: Signature): boolean {
  const found = new Uint8Array(magic.length / 2);
  const start = offset < 0 ? device.sizeBytes + offset : offset;
  if (!tryRead(device, start, found)) return false;
  return found.every((byte, index) => {
    const [high = '.', low = '.'] = magic.slice(index * 2, index * 2 + 2);
    const digits = byte.toString(16).padStart(2, '0');
    return (high === '.' || high === digits[0]) && (low === '.' || low === digits[1]);
  });
}
