//! The tables of FORMAT.md as constants. `test/cross/format-tables.test.ts` compares them with the text and with
//! `sdfs/src/format.ts`.
//!
//! Only numbers and places are here; what may stand in a field is checked where the structure is read.

/// Bytes in a block (§1). A power of two.
pub const BLOCK_SIZE: usize = 4096;
/// Bytes of a superblock that hold something.
pub const SUPERBLOCK_SIZE: usize = 512;
/// Bytes of a boot record: one block, so no two records ever share a sector.
pub const RECORD_SIZE: usize = 4096;
/// Bytes before a boot record's slot entries.
pub const RECORD_HEADER_SIZE: usize = 128;
/// Bytes of a slot entry.
pub const SLOT_ENTRY_SIZE: usize = 128;
/// Where a boot record's failure entries begin.
pub const FAILURE_ENTRY_OFFSET: usize = 2176;
/// Bytes of a failure entry.
pub const FAILURE_ENTRY_SIZE: usize = 64;
/// Failure entries of a boot record.
pub const FAILURE_ENTRIES: usize = 16;
/// Fewest slots of a volume.
pub const MIN_SLOTS: u32 = 2;
/// Most slots of a volume.
pub const MAX_SLOTS: u32 = 16;
/// Blocks of the smallest erase group: 64 KiB.
pub const MIN_GROUP_BLOCKS: u32 = 16;
/// Blocks of the largest erase group: 64 MiB.
pub const MAX_GROUP_BLOCKS: u32 = 16_384;
/// Records of the shortest ring.
pub const MIN_RING_RECORDS: u32 = 2;
/// Records of the longest ring.
pub const MAX_RING_RECORDS: u32 = 256;
/// A volume has fewer blocks than this: 4 PiB.
pub const MAX_TOTAL_BLOCKS: u64 = 1_099_511_627_776;
/// Blocks of the longest slot descriptor.
pub const MAX_DESCRIPTOR_BLOCKS: u32 = 4;
/// Bytes before a descriptor's file table.
pub const DESCRIPTOR_HEADER_SIZE: usize = 128;
/// Bytes of a file entry.
pub const FILE_ENTRY_SIZE: usize = 128;
/// Bytes of an extent entry.
pub const EXTENT_ENTRY_SIZE: usize = 16;
/// Most files of a slot.
pub const MAX_FILES: u32 = 32;
/// Most extents of a file.
pub const MAX_EXTENTS_PER_FILE: u32 = 64;
/// Bytes of the longest file name.
pub const MAX_NAME_LENGTH: usize = 72;
/// Bytes of the largest file: 1 TiB.
pub const MAX_FILE_SIZE: u64 = 1_099_511_627_776;
/// Bytes of the longest release.json.
pub const MAX_RELEASE_JSON: u64 = 65_536;
/// Bytes of an entry of release.sig.
pub const SIGNATURE_ENTRY_SIZE: usize = 96;
/// Most entries of release.sig.
pub const MAX_SIGNATURES: usize = 8;
/// Where a boot record's output entries begin.
pub const OUTPUT_ENTRY_OFFSET: usize = 3200;
/// Bytes of an output entry.
pub const OUTPUT_ENTRY_SIZE: usize = 128;
/// Output entries of a boot record.
pub const OUTPUT_ENTRIES: usize = 6;
/// Orderly shutdowns of a trial that are not charged (§8). The updater goes by it; the loader has nothing to settle then.
pub const FREE_SHUTDOWNS: u8 = 16;

/// Bytes of the largest kernel, initrd or device tree (§6.1): 512 MiB.
pub const MAX_LOADED_SIZE: u64 = 1 << 29;
/// The version that this crate reads and writes.
pub const FORMAT_VERSION: u32 = 1;
/// First bytes of a superblock.
pub const SUPERBLOCK_MAGIC: [u8; 8] = *b"SDFS\r\n\x1a\n";
/// First bytes of a boot record.
pub const RECORD_MAGIC: [u8; 4] = *b"SDBR";
/// First bytes of a slot descriptor.
pub const DESCRIPTOR_MAGIC: [u8; 4] = *b"SDSD";
/// The GPT partition type of an SDFS volume (§12).
pub const PARTITION_TYPE: &str = "c0c05df5-5d2b-4f3c-9a5e-7d1f4e0a6b21";
/// `writer` of a record that the boot loader wrote (§4.2).
pub const WRITER_LOADER: u32 = 2;
/// Bit of a slot entry's `flags`: the release was confirmed once (§4.3).
pub const FLAG_WAS_CONFIRMED: u8 = 1;

/// Fields of a superblock (§3.1).
pub mod superblock {
    #![allow(
        missing_docs,
        reason = "the names are those of FORMAT.md, which gives their meaning"
    )]
    use crate::field::{Bytes, U32, U64};

    pub const MAGIC: Bytes<8> = Bytes(0);
    pub const VERSION: U32 = U32(8);
    pub const CRC: U32 = U32(12);
    pub const VOLUME_UUID: Bytes<16> = Bytes(16);
    pub const COMPAT: U32 = U32(32);
    pub const RO_COMPAT: U32 = U32(36);
    pub const INCOMPAT: U32 = U32(40);
    pub const COPY: U32 = U32(44);
    pub const TOTAL_BLOCKS: U64 = U64(48);
    pub const GROUP_BLOCKS: U32 = U32(56);
    pub const SLOT_COUNT: U32 = U32(60);
    pub const RING0_BLOCK: U64 = U64(64);
    pub const RING1_BLOCK: U64 = U64(72);
    pub const RING_RECORDS: U32 = U32(80);
    pub const BLOCK_SIZE: U32 = U32(84);
    pub const DATA_START: U64 = U64(88);
    pub const DATA_END: U64 = U64(96);
    pub const LABEL: Bytes<32> = Bytes(104);
}

/// Fields of a boot record's header (§4.2).
pub mod record {
    #![allow(
        missing_docs,
        reason = "the names are those of FORMAT.md, which gives their meaning"
    )]
    use crate::field::{Bytes, U32, U64};

    pub const MAGIC: Bytes<4> = Bytes(0);
    pub const CRC: U32 = U32(4);
    pub const VOLUME_UUID: Bytes<16> = Bytes(8);
    pub const SEQUENCE: U64 = U64(24);
    pub const FLOOR: U64 = U64(32);
    pub const TIME: U64 = U64(40);
    pub const WRITER: U32 = U32(48);
}

/// Fields of a slot entry (§4.3).
pub mod slot_entry {
    #![allow(
        missing_docs,
        reason = "the names are those of FORMAT.md, which gives their meaning"
    )]
    use crate::field::{Bytes, U8, U32, U64};

    pub const STATE: U8 = U8(0);
    pub const FLAGS: U8 = U8(1);
    pub const PRIORITY: U8 = U8(2);
    pub const ATTEMPTS_LEFT: U8 = U8(3);
    pub const ATTEMPTS_TOTAL: U8 = U8(4);
    pub const PROGRESS: U8 = U8(5);
    pub const REASON: U8 = U8(6);
    pub const INTERRUPTIONS_LEFT: U8 = U8(7);
    pub const GENERATION: U64 = U64(8);
    pub const DESCRIPTOR_BLOCK: U64 = U64(16);
    pub const DESCRIPTOR_BLOCKS: U32 = U32(24);
    pub const DESCRIPTOR_CRC: U32 = U32(28);
    pub const RELEASE_DIGEST: Bytes<32> = Bytes(32);
    pub const DETAIL: Bytes<48> = Bytes(64);
    pub const SHUTDOWNS: U8 = U8(112);
}

/// Fields of a failure entry (§4.4).
pub mod failure_entry {
    #![allow(
        missing_docs,
        reason = "the names are those of FORMAT.md, which gives their meaning"
    )]
    use crate::field::{Bytes, U8, U64};

    pub const RELEASE_DIGEST: Bytes<32> = Bytes(0);
    pub const GENERATION: U64 = U64(32);
    pub const REASON: U8 = U8(40);
    pub const PROGRESS: U8 = U8(41);
    pub const DETAIL: Bytes<22> = Bytes(42);
}

/// Fields of an output entry (§4.8).
pub mod output_entry {
    #![allow(
        missing_docs,
        reason = "the names are those of FORMAT.md, which gives their meaning"
    )]
    use crate::field::{Bytes, U64};

    pub const GENERATION: U64 = U64(0);
    pub const OUTPUT: Bytes<120> = Bytes(8);
}

/// Fields of a slot descriptor's header (§5.1).
pub mod descriptor {
    #![allow(
        missing_docs,
        reason = "the names are those of FORMAT.md, which gives their meaning"
    )]
    use crate::field::{Bytes, U32, U64};

    pub const MAGIC: Bytes<4> = Bytes(0);
    pub const CRC: U32 = U32(4);
    pub const VOLUME_UUID: Bytes<16> = Bytes(8);
    pub const GENERATION: U64 = U64(24);
    pub const SLOT: U32 = U32(32);
    pub const FILE_COUNT: U32 = U32(36);
    pub const EXTENT_COUNT: U32 = U32(40);
    pub const RELEASE_DIGEST: Bytes<32> = Bytes(48);
}

/// Fields of a file entry (§5.2).
pub mod file_entry {
    #![allow(
        missing_docs,
        reason = "the names are those of FORMAT.md, which gives their meaning"
    )]
    use crate::field::{Bytes, U16, U32, U64};

    pub const KIND: U16 = U16(0);
    pub const NAME_LENGTH: U16 = U16(2);
    pub const FIRST_EXTENT: U32 = U32(4);
    pub const EXTENT_COUNT: U32 = U32(8);
    pub const SIZE: U64 = U64(16);
    pub const SHA256: Bytes<32> = Bytes(24);
    pub const NAME: Bytes<72> = Bytes(56);
}

/// Fields of an extent entry (§5.3).
pub mod extent_entry {
    #![allow(
        missing_docs,
        reason = "the names are those of FORMAT.md, which gives their meaning"
    )]
    use crate::field::{U32, U64};

    pub const START: U64 = U64(0);
    pub const BLOCKS: U32 = U32(8);
}

/// Fields of an entry of release.sig (§6.2).
pub mod signature_entry {
    #![allow(
        missing_docs,
        reason = "the names are those of FORMAT.md, which gives their meaning"
    )]
    use crate::field::Bytes;

    pub const KEY_ID: Bytes<32> = Bytes(0);
    pub const SIGNATURE: Bytes<64> = Bytes(32);
}
