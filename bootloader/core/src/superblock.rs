//! The superblock: where everything is (FORMAT.md §3).

use alloc::vec;

use crate::crc::structure_crc;
use crate::device::{Device, block_offset, device_blocks};
use crate::error::Error;
use crate::format::{self, superblock as field};
use crate::uuid::Uuid;

/// Which of the two copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// In block 0.
    A,
    /// In the last block.
    B,
}

/// A valid superblock: every number in it has been checked against the others and against the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// The volume's UUID, which every other structure carries.
    pub volume_uuid: Uuid,
    /// Unknown bits ask for nothing.
    pub compat: u32,
    /// Unknown bits forbid to write.
    pub ro_compat: u32,
    /// The copy that was read.
    pub copy: Copy,
    /// Blocks of the volume.
    pub total_blocks: u64,
    /// Blocks of an erase group.
    pub group_blocks: u32,
    /// Slots, 2 … 16.
    pub slot_count: u8,
    /// First blocks of the two rings.
    pub ring_blocks: [u64; 2],
    /// Records in each ring.
    pub ring_records: u32,
    /// First data block.
    pub data_start: u64,
    /// One past the last data block.
    pub data_end: u64,
    /// Its label, zero-padded UTF-8.
    pub label: [u8; 32],
}

impl Superblock {
    /// Reads whichever copy counts (FORMAT.md §3.2).
    ///
    /// # Errors
    /// The error of the copy that is to blame.
    pub fn read(device: &mut impl Device) -> Result<Self, Error> {
        let blocks = device_blocks(device);
        if blocks < 2 {
            return Err(Error::TooSmall {
                size: device.size_bytes(),
            });
        }
        let error_of_a = match Self::read_copy(device, Copy::A, blocks) {
            Ok(superblock) => return Ok(superblock),
            Err(error) => error,
        };
        Self::read_copy(device, Copy::B, blocks).map_err(|error_of_b| {
            if is_foreign(&error_of_a) && !is_foreign(&error_of_b) {
                error_of_b
            } else {
                error_of_a
            }
        })
    }

    /// Reads one copy from a device of `device_blocks` blocks, at least 2.
    ///
    /// # Errors
    /// [`Error::Io`], and those of [`parse`](Self::parse).
    pub fn read_copy(
        device: &mut impl Device,
        copy: Copy,
        device_blocks: u64,
    ) -> Result<Self, Error> {
        let block = match copy {
            Copy::A => 0,
            Copy::B => device_blocks.saturating_sub(1),
        };
        let mut bytes = vec![0; format::BLOCK_SIZE];
        device.read(block_offset(block), &mut bytes)?;
        Self::parse(&bytes, copy, device_blocks)
    }

    /// Parses the copy that starts at the first of `bytes` and checks it, in the order of FORMAT.md §3.2.
    ///
    /// # Errors
    /// The first check that fails. Fewer than 512 bytes are [`Error::BadMagic`] or [`Error::BadChecksum`].
    pub fn parse(bytes: &[u8], copy: Copy, device_blocks: u64) -> Result<Self, Error> {
        let offset = match copy {
            Copy::A => 0,
            Copy::B => block_offset(device_blocks.saturating_sub(1)),
        };
        let bytes = bytes.get(..format::SUPERBLOCK_SIZE).unwrap_or(bytes);
        if field::MAGIC.get(bytes) != format::SUPERBLOCK_MAGIC {
            return Err(Error::BadMagic { offset });
        }
        let (expected, actual) = (field::CRC.get(bytes), structure_crc(bytes, field::CRC));
        if bytes.len() < format::SUPERBLOCK_SIZE || expected != actual {
            return Err(Error::BadChecksum {
                offset,
                expected,
                actual,
            });
        }
        let version = field::VERSION.get(bytes);
        if version != format::FORMAT_VERSION {
            return Err(Error::UnsupportedVersion { version });
        }
        let incompat = field::INCOMPAT.get(bytes);
        if incompat != 0 {
            return Err(Error::UnsupportedFeature { bits: incompat });
        }
        let superblock = Self::parse_geometry(bytes, copy)?;
        if superblock.total_blocks > device_blocks {
            return Err(Error::TruncatedDevice {
                expected: superblock.total_blocks,
                actual: device_blocks,
            });
        }
        Ok(superblock)
    }

    fn parse_geometry(bytes: &[u8], copy: Copy) -> Result<Self, Error> {
        let group_blocks = field::GROUP_BLOCKS.get(bytes);
        let group = u64::from(group_blocks);
        let slot_count = field::SLOT_COUNT.get(bytes);
        let ring_records = field::RING_RECORDS.get(bytes);
        let total_blocks = field::TOTAL_BLOCKS.get(bytes);
        let ring_blocks = [field::RING0_BLOCK.get(bytes), field::RING1_BLOCK.get(bytes)];
        let data_start = field::DATA_START.get(bytes);
        let data_end = field::DATA_END.get(bytes);
        let last_group = total_blocks
            .saturating_sub(1)
            .checked_div(group)
            .unwrap_or_default();

        let is_copy = u64::from(field::COPY.get(bytes));
        let [ring0, ring1] = ring_blocks;
        // In the order of the checks: does it hold, which field, and what that field has.
        let checks = [
            (
                field::BLOCK_SIZE.get(bytes) as usize == format::BLOCK_SIZE,
                "block_size",
                field::BLOCK_SIZE.get(bytes).into(),
            ),
            (is_copy == copy as u64, "copy", is_copy),
            (
                group_blocks.is_power_of_two()
                    && (format::MIN_GROUP_BLOCKS..=format::MAX_GROUP_BLOCKS)
                        .contains(&group_blocks),
                "group_blocks",
                group,
            ),
            (
                (format::MIN_SLOTS..=format::MAX_SLOTS).contains(&slot_count),
                "slot_count",
                slot_count.into(),
            ),
            (
                ring_records.is_power_of_two()
                    && (format::MIN_RING_RECORDS..=format::MAX_RING_RECORDS)
                        .contains(&ring_records)
                    && ring_records <= group_blocks,
                "ring_records",
                ring_records.into(),
            ),
            (
                total_blocks < format::MAX_TOTAL_BLOCKS
                    && last_group >= u64::from(slot_count).saturating_add(3),
                "total_blocks",
                total_blocks,
            ),
            (ring0 == group, "ring0_block", ring0),
            (ring1 == group.saturating_mul(2), "ring1_block", ring1),
            (
                data_start == group.saturating_mul(3),
                "data_start",
                data_start,
            ),
            (
                data_end == last_group.saturating_mul(group),
                "data_end",
                data_end,
            ),
        ];
        if let Some((_, field, actual)) = checks.into_iter().find(|(holds, ..)| !holds) {
            return Err(Error::BadGeometry { field, actual });
        }
        Ok(Self {
            volume_uuid: Uuid(field::VOLUME_UUID.get(bytes)),
            compat: field::COMPAT.get(bytes),
            ro_compat: field::RO_COMPAT.get(bytes),
            copy,
            total_blocks,
            group_blocks,
            slot_count: u8::try_from(slot_count).unwrap_or_default(),
            ring_blocks,
            ring_records,
            data_start,
            data_end,
            label: field::LABEL.get(bytes),
        })
    }

    /// Whether the format lets us write. Version 1 defines no ro-compat bit, so any bit is unknown.
    #[must_use]
    pub const fn writable(&self) -> bool {
        self.ro_compat == 0
    }

    /// Whether `blocks` blocks from `start` lie wholly inside the data groups.
    #[must_use]
    pub fn holds_data(&self, start: u64, blocks: u64) -> bool {
        start >= self.data_start
            && start
                .checked_add(blocks)
                .is_some_and(|end| end <= self.data_end)
    }
}

/// Whether a copy with this error may not be a superblock of ours at all.
fn is_foreign(error: &Error) -> bool {
    matches!(
        error,
        Error::BadMagic { .. } | Error::BadChecksum { .. } | Error::Io { .. }
    )
}
