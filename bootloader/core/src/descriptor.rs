//! The slot descriptor: a slot's files and where they lie (FORMAT.md §5).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::crc::structure_crc;
use crate::device::{BLOCK_BYTES, Device, block_offset};
use crate::digest::Digest;
use crate::error::Error;
use crate::format::{self, BLOCK_SIZE, descriptor as field, extent_entry, file_entry};
use crate::slot::SlotEntry;
use crate::superblock::Superblock;

/// What a file of a slot is (FORMAT.md §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// What the release is.
    ReleaseJson,
    /// Its signatures.
    ReleaseSig,
    /// A PE/COFF image with an EFI stub.
    Kernel,
    /// An initial RAM disk.
    Initrd,
    /// A flattened device tree.
    DeviceTree,
    /// The root file system.
    Rootfs,
    /// Its dm-verity hash tree.
    Verity,
}

impl FileKind {
    const fn from_number(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::ReleaseJson),
            2 => Some(Self::ReleaseSig),
            3 => Some(Self::Kernel),
            4 => Some(Self::Initrd),
            5 => Some(Self::DeviceTree),
            6 => Some(Self::Rootfs),
            7 => Some(Self::Verity),
            _ => None,
        }
    }

    /// The one name that a file of this kind has, or `None` for a device tree.
    const fn fixed_name(self) -> Option<&'static str> {
        match self {
            Self::ReleaseJson => Some("release.json"),
            Self::ReleaseSig => Some("release.sig"),
            Self::Kernel => Some("kernel"),
            Self::Initrd => Some("initrd"),
            Self::DeviceTree => None,
            Self::Rootfs => Some("rootfs"),
            Self::Verity => Some("verity"),
        }
    }

    fn allows_name(self, name: &str) -> bool {
        match self.fixed_name() {
            Some(fixed) => name == fixed,
            None => name
                .strip_prefix("dtb/")
                .is_some_and(|rest| !rest.is_empty()),
        }
    }
}

/// Blocks that follow each other on the device, wholly inside the data groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First block.
    pub start: u64,
    /// Number of blocks, at least 1.
    pub blocks: u32,
}

/// A file of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What it is.
    pub kind: FileKind,
    /// Its name.
    pub name: String,
    /// Bytes, at least 1; exactly as many blocks as they take are in `extents`.
    pub size: u64,
    /// SHA-256 of its bytes. Not signed: release.json says what it has to be.
    pub sha256: Digest,
    /// Where it lies, in the order of its bytes.
    pub extents: Vec<Extent>,
}

/// A valid slot descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// In the order of the table. One `release.json`, one `release.sig`, one `kernel`, at most one `initrd` and
    /// `rootfs`, a `verity` exactly if there is a `rootfs`.
    pub files: Vec<File>,
}

impl Descriptor {
    /// Reads the descriptor that `entry`, the entry of slot `number`, names.
    ///
    /// # Errors
    /// [`Error::Io`], and those of [`parse`](Self::parse).
    pub fn read(
        device: &mut impl Device,
        superblock: &Superblock,
        number: u8,
        entry: &SlotEntry,
    ) -> Result<Self, Error> {
        // Bounded by 4 blocks, because the entry was checked.
        let mut bytes = vec![
            0;
            (entry.descriptor_blocks.min(format::MAX_DESCRIPTOR_BLOCKS) as usize)
                .saturating_mul(BLOCK_SIZE)
        ];
        device.read(block_offset(entry.descriptor_block), &mut bytes)?;
        Self::parse(&bytes, superblock, number, entry)
    }

    /// Parses all blocks of a descriptor and checks them in the order of FORMAT.md §5.5.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn parse(
        bytes: &[u8],
        superblock: &Superblock,
        number: u8,
        entry: &SlotEntry,
    ) -> Result<Self, Error> {
        let offset = block_offset(entry.descriptor_block);
        if field::MAGIC.get(bytes) != format::DESCRIPTOR_MAGIC {
            return Err(Error::BadMagic { offset });
        }
        let (expected, actual) = (field::CRC.get(bytes), structure_crc(bytes, field::CRC));
        if expected != actual {
            return Err(Error::BadChecksum {
                offset,
                expected,
                actual,
            });
        }
        if field::VOLUME_UUID.get(bytes) != superblock.volume_uuid.0 {
            return Err(Error::WrongVolume { offset });
        }
        let mismatches = [
            (field::SLOT.get(bytes) != u32::from(number), "slot"),
            (
                field::GENERATION.get(bytes) != entry.generation,
                "generation",
            ),
            (expected != entry.descriptor_crc, "crc"),
            (
                field::RELEASE_DIGEST.get(bytes) != entry.release_digest.0,
                "release_digest",
            ),
        ];
        if let Some((_, field)) = mismatches.into_iter().find(|(differs, _)| *differs) {
            return Err(Error::DescriptorMismatch { field });
        }
        parse_tables(bytes, superblock)
            .and_then(|files| {
                if has_right_kinds(&files) {
                    Ok(Self { files })
                } else {
                    Err("wrong number of files of a kind")
                }
            })
            .map_err(|fault| Error::BadDescriptor { fault })
    }

    /// The file of this kind. Of several device trees, the first.
    #[must_use]
    pub fn file(&self, kind: FileKind) -> Option<&File> {
        self.files.iter().find(|file| file.kind == kind)
    }
}

fn parse_tables(bytes: &[u8], superblock: &Superblock) -> Result<Vec<File>, &'static str> {
    let file_count = field::FILE_COUNT.get(bytes);
    if !(1..=format::MAX_FILES).contains(&file_count) {
        return Err("file_count");
    }
    let extents_at = (file_count as usize)
        .saturating_mul(format::FILE_ENTRY_SIZE)
        .saturating_add(format::DESCRIPTOR_HEADER_SIZE);
    let extents_end = (field::EXTENT_COUNT.get(bytes) as usize)
        .saturating_mul(format::EXTENT_ENTRY_SIZE)
        .saturating_add(extents_at);
    let too_long = "tables longer than the descriptor";
    let file_table = bytes
        .get(format::DESCRIPTOR_HEADER_SIZE..extents_at)
        .ok_or(too_long)?;
    let extent_table = bytes.get(extents_at..extents_end).ok_or(too_long)?;
    let mut files: Vec<File> = Vec::new();
    for entry in file_table.chunks_exact(format::FILE_ENTRY_SIZE) {
        let file = parse_file(entry, extent_table, superblock)?;
        if files.iter().any(|other| other.name == file.name) {
            return Err("a name twice");
        }
        files.push(file);
    }
    Ok(files)
}

fn parse_file(
    entry: &[u8],
    extent_table: &[u8],
    superblock: &Superblock,
) -> Result<File, &'static str> {
    let kind = FileKind::from_number(file_entry::KIND.get(entry)).ok_or("unknown file kind")?;
    let name_bytes = file_entry::NAME.get(entry);
    let name_length = usize::from(file_entry::NAME_LENGTH.get(entry));
    let name = match name_bytes.get(..name_length) {
        Some(name) if !name.is_empty() => name,
        _ => return Err("name_length"),
    };
    let name = core::str::from_utf8(name)
        .ok()
        .filter(|name| name.bytes().all(is_name_byte))
        .ok_or("characters of a name")?;
    if !kind.allows_name(name) {
        return Err("name and kind of a file");
    }
    let count = file_entry::EXTENT_COUNT.get(entry);
    if !(1..=format::MAX_EXTENTS_PER_FILE).contains(&count) {
        return Err("extent_count of a file");
    }
    let first = file_entry::FIRST_EXTENT.get(entry) as usize;
    let extents: Vec<Extent> = extent_table
        .chunks_exact(format::EXTENT_ENTRY_SIZE)
        .skip(first)
        .take(count as usize)
        .map(|extent| Extent {
            start: extent_entry::START.get(extent),
            blocks: extent_entry::BLOCKS.get(extent),
        })
        .collect();
    if extents.len() != count as usize {
        return Err("extents outside the table");
    }
    if extents.iter().any(|extent| {
        extent.blocks == 0 || !superblock.holds_data(extent.start, extent.blocks.into())
    }) {
        return Err("extent outside the data groups");
    }
    let size = file_entry::SIZE.get(entry);
    // At most 64 times 2^32, so it does not overflow.
    let blocks: u64 = extents.iter().map(|extent| u64::from(extent.blocks)).sum();
    if size > format::MAX_FILE_SIZE || size.div_ceil(BLOCK_BYTES) != blocks {
        return Err("size of a file");
    }
    Ok(File {
        kind,
        name: name.into(),
        size,
        sha256: Digest(file_entry::SHA256.get(entry)),
        extents,
    })
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b',' | b'/')
}

fn has_right_kinds(files: &[File]) -> bool {
    let count = |kind| files.iter().filter(|file| file.kind == kind).count();
    count(FileKind::ReleaseJson) == 1
        && count(FileKind::ReleaseSig) == 1
        && count(FileKind::Kernel) == 1
        && count(FileKind::Initrd) <= 1
        && count(FileKind::Rootfs) <= 1
        && count(FileKind::Verity) == count(FileKind::Rootfs)
}
