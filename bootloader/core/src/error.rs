//! What can be wrong with a volume or a release: the codes of FORMAT.md §10.

use alloc::string::String;
use core::fmt;

/// Why something was refused. The name says whose fault it is as FORMAT.md §10 does; a caller that looks for something
/// to boot takes the next candidate on each of them.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The device failed to read, write or flush, or there was no memory to read into. Trying again may help.
    Io {
        /// Byte offset on the device.
        offset: u64,
    },
    /// The device is smaller than the smallest volume.
    TooSmall {
        /// Size of the device in bytes.
        size: u64,
    },
    /// Not the structure that was looked for.
    BadMagic {
        /// Byte offset of the structure.
        offset: u64,
    },
    /// A structure is damaged.
    BadChecksum {
        /// Byte offset of the structure.
        offset: u64,
        /// CRC-32 that the structure states.
        expected: u32,
        /// CRC-32 of its bytes.
        actual: u32,
    },
    /// The volume is of a later version of the format.
    UnsupportedVersion {
        /// The version found.
        version: u32,
    },
    /// The volume uses a feature that is not known here.
    UnsupportedFeature {
        /// The unknown incompat bits.
        bits: u32,
    },
    /// A place or a size in the superblock breaks FORMAT.md §2.
    BadGeometry {
        /// Name of the field.
        field: &'static str,
        /// What it holds.
        actual: u64,
    },
    /// The device is smaller than the volume on it.
    TruncatedDevice {
        /// Blocks of the volume.
        expected: u64,
        /// Blocks of the device.
        actual: u64,
    },
    /// Neither ring holds a valid boot record.
    NoRecord,
    /// A structure was left over from another volume.
    WrongVolume {
        /// Byte offset of the structure.
        offset: u64,
    },
    /// A boot record is not where its sequence belongs.
    MisplacedRecord {
        /// Block in which it was found.
        block: u64,
        /// Its sequence.
        sequence: u64,
    },
    /// A slot entry breaks FORMAT.md §4.6.
    BadSlotEntry {
        /// Number of the slot.
        slot: u8,
        /// Name of the field.
        field: &'static str,
    },
    /// A slot descriptor is not the one that the boot record names.
    DescriptorMismatch {
        /// Name of the field that differs.
        field: &'static str,
    },
    /// A slot descriptor breaks FORMAT.md §5.5.
    BadDescriptor {
        /// What it breaks.
        fault: &'static str,
    },
    /// The volume or the device cannot be written.
    ReadOnly,
    /// No signature is of a trusted key.
    ReleaseUntrusted,
    /// No signature of a trusted key verifies, or release.sig is malformed.
    ReleaseBadSignature,
    /// release.json breaks FORMAT.md §6.1, or the slot's files do not match it.
    ReleaseInvalid {
        /// What it breaks.
        fault: &'static str,
    },
    /// The release is for another processor.
    ReleaseWrongArchitecture,
    /// The release is older than the volume lets start.
    ReleaseBelowFloor {
        /// The lowest security version that may start.
        expected: u64,
        /// The security version of the release.
        actual: u64,
    },
    /// The SHA-256 of a file differs from the signed one.
    FileBadHash {
        /// Name of the file.
        file: String,
    },
    /// The completed kernel command line is too long for the architecture.
    CmdlineTooLong {
        /// Bytes that the kernel takes.
        limit: usize,
        /// Bytes that it would have.
        actual: usize,
    },
    /// Nothing is left to start.
    NoBootableSlot,
    /// There is not enough memory for a file. The slot is not to blame.
    OutOfMemory {
        /// Bytes that it takes.
        bytes: u64,
    },
}

impl Error {
    /// The number that stands for the code at the border to other languages (FORMAT.md §10).
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.row().0
    }

    /// The code as both readers and the tools print it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.row().1
    }

    const fn row(&self) -> (u32, &'static str) {
        match self {
            Self::Io { .. } => (1, "SDFS_IO"),
            Self::TooSmall { .. } => (2, "SDFS_TOO_SMALL"),
            Self::BadMagic { .. } => (3, "SDFS_BAD_MAGIC"),
            Self::BadChecksum { .. } => (4, "SDFS_BAD_CHECKSUM"),
            Self::UnsupportedVersion { .. } => (5, "SDFS_UNSUPPORTED_VERSION"),
            Self::UnsupportedFeature { .. } => (6, "SDFS_UNSUPPORTED_FEATURE"),
            Self::BadGeometry { .. } => (7, "SDFS_BAD_GEOMETRY"),
            Self::TruncatedDevice { .. } => (8, "SDFS_TRUNCATED_DEVICE"),
            Self::NoRecord => (9, "SDFS_NO_RECORD"),
            Self::WrongVolume { .. } => (10, "SDFS_WRONG_VOLUME"),
            Self::MisplacedRecord { .. } => (11, "SDFS_MISPLACED_RECORD"),
            Self::BadSlotEntry { .. } => (12, "SDFS_BAD_SLOT_ENTRY"),
            Self::DescriptorMismatch { .. } => (13, "SDFS_DESCRIPTOR_MISMATCH"),
            Self::BadDescriptor { .. } => (14, "SDFS_BAD_DESCRIPTOR"),
            Self::ReadOnly => (15, "SDFS_READ_ONLY"),
            Self::ReleaseUntrusted => (16, "RELEASE_UNTRUSTED"),
            Self::ReleaseBadSignature => (17, "RELEASE_BAD_SIGNATURE"),
            Self::ReleaseInvalid { .. } => (18, "RELEASE_INVALID"),
            Self::ReleaseWrongArchitecture => (19, "RELEASE_WRONG_ARCHITECTURE"),
            Self::ReleaseBelowFloor { .. } => (20, "RELEASE_BELOW_FLOOR"),
            Self::FileBadHash { .. } => (21, "FILE_BAD_HASH"),
            Self::CmdlineTooLong { .. } => (22, "CMDLINE_TOO_LONG"),
            Self::NoBootableSlot => (23, "NO_BOOTABLE_SLOT"),
            Self::OutOfMemory { .. } => (24, "LOADER_OUT_OF_MEMORY"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { offset } => write!(to, "the device failed at byte {offset}"),
            Self::TooSmall { size } => {
                write!(to, "the device has {size} bytes, expected at least 8192")
            }
            Self::BadMagic { offset } => write!(to, "no magic number at byte {offset}"),
            Self::BadChecksum {
                offset,
                expected,
                actual,
            } => {
                write!(
                    to,
                    "checksum at byte {offset} is {expected:08x}, its bytes have {actual:08x}"
                )
            }
            Self::UnsupportedVersion { version } => {
                write!(to, "format version is {version}, expected 1")
            }
            Self::UnsupportedFeature { bits } => write!(to, "unknown incompat bits {bits:#x}"),
            Self::BadGeometry { field, actual } => {
                write!(to, "superblock field {field} cannot be {actual}")
            }
            Self::TruncatedDevice { expected, actual } => {
                write!(to, "the device has {actual} blocks, its volume {expected}")
            }
            Self::NoRecord => to.write_str("no valid boot record in either ring"),
            Self::WrongVolume { offset } => {
                write!(to, "left over from another volume at byte {offset}")
            }
            Self::MisplacedRecord { block, sequence } => {
                write!(
                    to,
                    "boot record {sequence} does not belong into block {block}"
                )
            }
            Self::BadSlotEntry { slot, field } => {
                write!(to, "entry of slot {slot} has a bad {field}")
            }
            Self::DescriptorMismatch { field } => {
                write!(to, "descriptor differs from the boot record in {field}")
            }
            Self::BadDescriptor { fault } => write!(to, "bad descriptor: {fault}"),
            Self::ReadOnly => to.write_str("the volume cannot be written"),
            Self::ReleaseUntrusted => to.write_str("no signature of a trusted key"),
            Self::ReleaseBadSignature => to.write_str("no valid signature"),
            Self::ReleaseInvalid { fault } => write!(to, "bad release: {fault}"),
            Self::ReleaseWrongArchitecture => {
                to.write_str("the release is for another architecture")
            }
            Self::ReleaseBelowFloor { expected, actual } => {
                write!(to, "security version is {actual}, the floor is {expected}")
            }
            Self::FileBadHash { file } => write!(to, "SHA-256 of {file} differs"),
            Self::CmdlineTooLong { limit, actual } => {
                write!(
                    to,
                    "the command line has {actual} bytes, the limit is {limit}"
                )
            }
            Self::NoBootableSlot => to.write_str("no slot can be started"),
            Self::OutOfMemory { bytes } => write!(to, "no memory for a file of {bytes} bytes"),
        }
    }
}

impl core::error::Error for Error {}
