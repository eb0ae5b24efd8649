//! Structures as plain objects. Digests are lower-case hexadecimal, UUIDs as printed; numbers that use all 64 bits are
//! bigints, places, sizes and security versions are numbers (FORMAT.md keeps them below 2^53).

use cocon_core::descriptor::{Descriptor, Extent, File};
use cocon_core::slot::{Failure as CoreFailure, Output as CoreOutput, SlotEntry, SlotState};
use cocon_core::superblock::Copy;
use cocon_core::{Record, Release, Superblock};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::error::Failure;

/// A valid superblock (FORMAT.md §3).
#[napi(object, object_from_js = false)]
pub struct SuperblockView {
    /// The volume's UUID.
    pub volume_uuid: String,
    /// The copy that was read: `A` or `B`.
    #[napi(ts_type = "'A' | 'B'")]
    pub copy: String,
    /// Feature bits that ask for nothing.
    pub compat: u32,
    /// Feature bits that forbid to write.
    pub ro_compat: u32,
    /// Blocks of the volume.
    pub total_blocks: i64,
    /// Blocks of an erase group.
    pub group_blocks: u32,
    /// Slots, 2 … 16.
    pub slot_count: u32,
    /// Records in each ring.
    pub ring_records: u32,
    /// First data block.
    pub data_start: i64,
    /// One past the last data block.
    pub data_end: i64,
}

impl From<&Superblock> for SuperblockView {
    fn from(superblock: &Superblock) -> Self {
        Self {
            volume_uuid: superblock.volume_uuid.to_string(),
            copy: if superblock.copy == Copy::A { "A" } else { "B" }.into(),
            compat: superblock.compat,
            ro_compat: superblock.ro_compat,
            total_blocks: place(superblock.total_blocks),
            group_blocks: superblock.group_blocks,
            slot_count: superblock.slot_count.into(),
            ring_records: superblock.ring_records,
            data_start: place(superblock.data_start),
            data_end: place(superblock.data_end),
        }
    }
}

/// A valid boot record (FORMAT.md §4).
#[napi(object, object_from_js = false)]
pub struct RecordView {
    /// Its number.
    pub sequence: u64,
    /// Lowest security version that may start.
    pub floor: u64,
    /// Unix seconds when it was written, 0 when that is not known.
    pub time: u64,
    /// 0 mkfs, 1 updater, 2 loader.
    pub writer: u32,
    /// The slots, by number.
    pub slots: Vec<SlotView>,
    /// The failure entries in use.
    pub failures: Vec<FailureEntryView>,
    /// The output entries in use.
    pub outputs: Vec<OutputEntryView>,
}

impl From<&Record> for RecordView {
    fn from(record: &Record) -> Self {
        Self {
            sequence: record.sequence(),
            floor: record.floor(),
            time: record.time(),
            writer: record.writer(),
            slots: record.slots().iter().map(SlotView::from).collect(),
            failures: record.failures().map(FailureEntryView::from).collect(),
            outputs: record.outputs().map(OutputEntryView::from).collect(),
        }
    }
}

/// The entry of a slot (FORMAT.md §4.3).
#[napi(object, object_from_js = false)]
pub struct SlotView {
    /// What the slot is.
    #[napi(ts_type = "'empty' | 'trial' | 'confirmed' | 'failed'")]
    pub state: String,
    /// Bit 0: was confirmed once.
    pub flags: u32,
    /// Higher is tried first.
    pub priority: u32,
    /// Boots that a trial is still granted.
    pub attempts_left: u32,
    /// Boots that were granted.
    pub attempts_total: u32,
    /// Losses of power that a trial is not charged for yet.
    pub interruptions_left: u32,
    /// FORMAT.md §4.5.
    pub progress: u32,
    /// FORMAT.md §4.5.
    pub reason: u32,
    /// Number of the stage that filled the slot.
    pub generation: u64,
    /// First block of the descriptor.
    pub descriptor_block: i64,
    /// Blocks of the descriptor.
    pub descriptor_blocks: u32,
    /// CRC of the descriptor.
    pub descriptor_crc: u32,
    /// SHA-256 of release.json.
    pub release_digest: String,
    /// What the reason refers to.
    pub detail: String,
    /// Attempts that ended in an orderly shutdown.
    pub shutdowns: u32,
}

impl From<&SlotEntry> for SlotView {
    fn from(entry: &SlotEntry) -> Self {
        let state = match entry.state {
            SlotState::Empty => "empty",
            SlotState::Trial => "trial",
            SlotState::Confirmed => "confirmed",
            SlotState::Failed => "failed",
        };
        Self {
            state: state.into(),
            flags: entry.flags.into(),
            priority: entry.priority.into(),
            attempts_left: entry.attempts_left.into(),
            attempts_total: entry.attempts_total.into(),
            interruptions_left: entry.interruptions_left.into(),
            progress: entry.progress.0.into(),
            reason: entry.reason.0.into(),
            generation: entry.generation,
            descriptor_block: place(entry.descriptor_block),
            descriptor_blocks: entry.descriptor_blocks,
            descriptor_crc: entry.descriptor_crc,
            release_digest: entry.release_digest.to_string(),
            detail: entry.detail.as_str().into(),
            shutdowns: entry.shutdowns.into(),
        }
    }
}

/// A release that failed on the volume (FORMAT.md §4.4).
#[napi(object, object_from_js = false)]
pub struct FailureEntryView {
    /// SHA-256 of its release.json.
    pub release_digest: String,
    /// Generation of the slot when it failed.
    pub generation: u64,
    /// FORMAT.md §4.5.
    pub reason: u32,
    /// FORMAT.md §4.5.
    pub progress: u32,
    /// What the reason refers to.
    pub detail: String,
}

impl From<CoreFailure> for FailureEntryView {
    fn from(failure: CoreFailure) -> Self {
        Self {
            release_digest: failure.release_digest.to_string(),
            generation: failure.generation,
            reason: failure.reason.0.into(),
            progress: failure.progress.0.into(),
            detail: failure.detail.as_str().into(),
        }
    }
}

/// What a failed health check printed last (FORMAT.md §4.8).
#[napi(object, object_from_js = false)]
pub struct OutputEntryView {
    /// Generation of the slot when it failed.
    pub generation: u64,
    /// One line.
    pub output: String,
}

impl From<CoreOutput> for OutputEntryView {
    fn from(entry: CoreOutput) -> Self {
        Self {
            generation: entry.generation,
            output: entry.output.as_str().into(),
        }
    }
}

/// A valid slot descriptor (FORMAT.md §5).
#[napi(object, object_from_js = false)]
pub struct DescriptorView {
    /// The slot's files, in the order of the table.
    pub files: Vec<FileView>,
}

impl From<&Descriptor> for DescriptorView {
    fn from(descriptor: &Descriptor) -> Self {
        Self {
            files: descriptor.files.iter().map(FileView::from).collect(),
        }
    }
}

/// A file of a slot.
#[napi(object, object_from_js = false)]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Where it lies, in the order of its bytes.
    pub extents: Vec<ExtentView>,
}

impl From<&File> for FileView {
    fn from(file: &File) -> Self {
        Self {
            name: file.name.clone(),
            size: place(file.size),
            sha256: file.sha256.to_string(),
            extents: file.extents.iter().map(ExtentView::from).collect(),
        }
    }
}

/// Blocks that follow each other.
#[napi(object, object_from_js = false)]
pub struct ExtentView {
    /// First block.
    pub start: i64,
    /// Number of blocks.
    pub blocks: u32,
}

impl From<&Extent> for ExtentView {
    fn from(extent: &Extent) -> Self {
        Self {
            start: place(extent.start),
            blocks: extent.blocks,
        }
    }
}

/// What a release says of itself (FORMAT.md §6.1).
#[napi(object, object_from_js = false)]
pub struct ReleaseView {
    /// What it is a release of.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `amd64`, `arm64`, `riscv64` or `arm`.
    pub architecture: String,
    /// Compared with the floor.
    pub security_version: i64,
    /// Trial boots granted.
    pub attempts: u32,
    /// Kernel command line, before it is completed.
    pub command_line: String,
}

impl From<&Release> for ReleaseView {
    fn from(release: &Release) -> Self {
        Self {
            name: release.name.clone(),
            version: release.version.clone(),
            architecture: release.architecture.name().into(),
            security_version: place(release.security_version),
            attempts: release.attempts.into(),
            command_line: release.command_line.clone(),
        }
    }
}

/// A whole volume as the loader sees it.
#[napi(object, object_from_js = false)]
pub struct VolumeView {
    /// The superblock copy that counts.
    pub superblock: SuperblockView,
    /// The boot record that counts.
    pub record: RecordView,
    /// The descriptor of each slot, by number; `null` for an empty slot.
    pub descriptors: Vec<Option<Either<DescriptorView, Failure>>>,
}

/// A number that the core has bounded below 2^53.
pub fn place(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
