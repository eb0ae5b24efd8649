/** SDFS volumes: make, read, fill, decide, check. Free of `node:` imports; see `node/index.ts` for files and disks. */
export { allocate, freeRuns, groupsOfSlot, type GroupRun } from './allocator.ts';
export type { BlockDevice, Crypto, Sha256 } from './block-device.ts';
export { checkSlot, type CheckedSlot, type CheckSlotOptions } from './check-slot.ts';
export {
  COMMAND_LINE_LIMITS,
  composeCommandLine,
  type CommandLineBoot,
  type CommandLineParts,
} from './command-line.ts';
export { structureCrc } from './crc.ts';
export * from './decisions.ts';
export {
  encodeDescriptor,
  parseDescriptor,
  readDescriptor,
  type Descriptor,
  type Extent,
  type SlotFile,
} from './descriptor.ts';
export { dump } from './dump.ts';
export * from './errors.ts';
export { hashFile, readPieces } from './file-blocks.ts';
export type { FileWriter } from './file-writer.ts';
export type { Finding, FindingCode, Severity } from './fsck/finding.ts';
export { fsck, type FsckOptions } from './fsck/fsck.ts';
export * from './format.ts';
export { DEFAULT_GEOMETRY, smallestVolume, type GeometryOptions } from './geometry.ts';
export { checkTables, type TableFinding, type TableFindingCode } from './gpt/check-tables.ts';
export { findPartitions, readTables, type DiskTables, type PartitionTable } from './gpt/disk-tables.ts';
export { plannedRepair, repairTables, type RepairScope, type WrittenCopy } from './gpt/repair-tables.ts';
export type { GptPartition, GptTable } from './gpt/table.ts';
export { fromHex, isUuid, toHex } from './hex.ts';
export { history, type HistoryEvent, type HistoryEventKind } from './history.ts';
export { identify, identifyWithoutTable, type ForeignFormat } from './identify.ts';
export { locateVolume, type LocatedVolume } from './locate-volume.ts';
export { MemoryDevice } from './memory-device.ts';
export { mkfs, type MkfsOptions } from './mkfs.ts';
export { RecordDraft, type Stamp } from './record-draft.ts';
export {
  isOpen,
  isRefused,
  outputOf,
  parseRecord,
  type CheckOutput,
  type BootRecord,
  type Failure,
  type Slot,
} from './record.ts';
export {
  encodeRelease,
  matchFiles,
  openRelease,
  parseRelease,
  releaseFiles,
  type ReleaseFile,
  type SignedRelease,
} from './release.ts';
export {
  ARCHITECTURES,
  MAX_LOADED_SIZE,
  releaseSchema,
  type Architecture,
  type Release,
} from './release-schema.ts';
export { scanRings, type RingBlock } from './ring.ts';
export { sha256Hex } from './sha256.ts';
export { encodeSignatures, verifySignatures, type SignatureEntry } from './signature.ts';
export { stage, type StageOptions, type StageSession } from './stage.ts';
export {
  parseSuperblock,
  readSuperblock,
  readSuperblockCopy,
  encodeSuperblock,
  type Superblock,
  type SuperblockCopy,
} from './superblock.ts';
export { bootOrder, chooseTarget } from './target-slot.ts';
export { utf8Length } from './utf8.ts';
export { Volume } from './volume.ts';
export { windowDevice } from './window-device.ts';
