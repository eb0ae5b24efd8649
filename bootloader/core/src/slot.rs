//! The entries of a boot record: slots, and the releases that failed (FORMAT.md §4.3 to §4.5).

use crate::digest::Digest;
use crate::error::Error;
use crate::field::Text;
use crate::format::{self, failure_entry, output_entry, slot_entry as field};
use crate::superblock::Superblock;

/// What a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotState {
    /// It holds nothing.
    Empty,
    /// Staged; its boots are counted until it is committed.
    Trial,
    /// It may boot for ever.
    Confirmed,
    /// It was given up.
    Failed,
}

impl SlotState {
    const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Empty),
            1 => Some(Self::Trial),
            2 => Some(Self::Confirmed),
            3 => Some(Self::Failed),
            _ => None,
        }
    }
}

/// How far the last attempt to boot a slot got. Unknown numbers are kept as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress(pub u8);

impl Progress {
    /// Never began.
    pub const NONE: Self = Self(0);
    /// Begun by the loader, and ended there.
    pub const LOADER: Self = Self(1);
    /// Handed to the kernel; nothing was heard since.
    pub const KERNEL: Self = Self(2);

    /// Its name in FORMAT.md §4.5.
    #[must_use]
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 6] = ["none", "loader", "kernel", "init", "health", "healthy"];
        NAMES.get(usize::from(self.0)).copied().unwrap_or("unknown")
    }
}

/// Why a slot was given up, or what went wrong with it last. Unknown numbers are kept as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(pub u8);

impl Reason {
    /// Nothing went wrong.
    pub const NONE: Self = Self(0);
    /// Every attempt was used and none ended in a commit.
    pub const NO_COMMIT: Self = Self(1);
    /// The slot descriptor is damaged.
    pub const DESCRIPTOR: Self = Self(2);
    /// release.json carries no valid signature of a trusted key.
    pub const SIGNATURE: Self = Self(3);
    /// release.json is signed but cannot be used.
    pub const RELEASE: Self = Self(4);
    /// The release is below the floor.
    pub const FLOOR: Self = Self(5);
    /// A file's SHA-256 differs.
    pub const HASH: Self = Self(6);
    /// The firmware refused to start the kernel, or the kernel returned.
    pub const START: Self = Self(7);
    /// A read failed.
    pub const IO: Self = Self(11);
    /// The attempt ended in a reset without a word.
    pub const RESET: Self = Self(12);
    /// The attempt ended in a loss of power.
    pub const POWER_LOST: Self = Self(13);
    /// The machine had too little memory to start it.
    pub const MEMORY: Self = Self(14);
    /// The attempt ended in an orderly shutdown. User space notes it.
    pub const SHUTDOWN: Self = Self(15);

    /// Its name in FORMAT.md §4.5, as far as the loader notes it by itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RESET => "reset",
            Self::POWER_LOST => "power-lost",
            _ => "another reason",
        }
    }

    /// What a check that failed with `error` is noted as (the table in FORMAT.md §7).
    #[must_use]
    pub const fn of(error: &Error) -> Self {
        match error {
            Error::Io { .. } => Self::IO,
            Error::ReleaseUntrusted | Error::ReleaseBadSignature => Self::SIGNATURE,
            Error::ReleaseInvalid { .. }
            | Error::ReleaseWrongArchitecture
            | Error::CmdlineTooLong { .. } => Self::RELEASE,
            Error::ReleaseBelowFloor { .. } => Self::FLOOR,
            Error::FileBadHash { .. } => Self::HASH,
            Error::OutOfMemory { .. } => Self::MEMORY,
            _ => Self::DESCRIPTOR,
        }
    }
}

/// The entry of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotEntry {
    /// What the slot is.
    pub state: SlotState,
    /// See [`was_confirmed`](Self::was_confirmed); the other bits are kept.
    pub flags: u8,
    /// Higher is tried first.
    pub priority: u8,
    /// Boots that a trial is still granted.
    pub attempts_left: u8,
    /// Boots that were granted at staging.
    pub attempts_total: u8,
    /// How far the last attempt got.
    pub progress: Progress,
    /// What went wrong last.
    pub reason: Reason,
    /// Losses of power that a trial is not charged for yet.
    pub interruptions_left: u8,
    /// Number of the stage that filled the slot.
    pub generation: u64,
    /// First block of the descriptor.
    pub descriptor_block: u64,
    /// Blocks of the descriptor.
    pub descriptor_blocks: u32,
    /// CRC of the descriptor.
    pub descriptor_crc: u32,
    /// SHA-256 of release.json.
    pub release_digest: Digest,
    /// What the reason refers to.
    pub detail: Text<48>,
    /// Attempts of a trial that ended in an orderly shutdown.
    pub shutdowns: u8,
}

impl SlotEntry {
    /// Parses the entry of slot `number` and checks it as FORMAT.md §4.6 says.
    ///
    /// # Errors
    /// [`Error::BadSlotEntry`] names the first field that is wrong.
    pub fn parse(bytes: &[u8], number: u8, superblock: &Superblock) -> Result<Self, Error> {
        let bad = |field| Error::BadSlotEntry {
            slot: number,
            field,
        };
        let entry = Self {
            state: SlotState::from_number(field::STATE.get(bytes)).ok_or_else(|| bad("state"))?,
            flags: field::FLAGS.get(bytes),
            priority: field::PRIORITY.get(bytes),
            attempts_left: field::ATTEMPTS_LEFT.get(bytes),
            attempts_total: field::ATTEMPTS_TOTAL.get(bytes),
            progress: Progress(field::PROGRESS.get(bytes)),
            reason: Reason(field::REASON.get(bytes)),
            interruptions_left: field::INTERRUPTIONS_LEFT.get(bytes),
            generation: field::GENERATION.get(bytes),
            descriptor_block: field::DESCRIPTOR_BLOCK.get(bytes),
            descriptor_blocks: field::DESCRIPTOR_BLOCKS.get(bytes),
            descriptor_crc: field::DESCRIPTOR_CRC.get(bytes),
            release_digest: Digest(field::RELEASE_DIGEST.get(bytes)),
            detail: Text::from_bytes(field::DETAIL.get(bytes)),
            shutdowns: field::SHUTDOWNS.get(bytes),
        };
        if entry.state == SlotState::Empty {
            return Ok(entry);
        }
        if !(1..=format::MAX_DESCRIPTOR_BLOCKS).contains(&entry.descriptor_blocks) {
            return Err(bad("descriptor_blocks"));
        }
        if !superblock.holds_data(entry.descriptor_block, entry.descriptor_blocks.into()) {
            return Err(bad("descriptor_block"));
        }
        if entry.attempts_left > entry.attempts_total {
            return Err(bad("attempts_left"));
        }
        Ok(entry)
    }

    /// Writes what a boot may change; all other bytes of the entry stay as they are.
    pub fn patch(&self, bytes: &mut [u8]) {
        field::STATE.set(bytes, self.state as u8);
        field::ATTEMPTS_LEFT.set(bytes, self.attempts_left);
        field::PROGRESS.set(bytes, self.progress.0);
        field::REASON.set(bytes, self.reason.0);
        field::INTERRUPTIONS_LEFT.set(bytes, self.interruptions_left);
        field::DETAIL.set(bytes, *self.detail.as_bytes());
    }

    /// Whether the slot holds a release, good or bad.
    #[must_use]
    pub fn holds_release(&self) -> bool {
        self.state != SlotState::Empty
    }

    /// Whether its release was confirmed once.
    #[must_use]
    pub const fn was_confirmed(&self) -> bool {
        self.flags & format::FLAG_WAS_CONFIRMED != 0
    }

    /// The attempt that a boot of this slot would be, if it is in trial and has one left.
    #[must_use]
    pub const fn trial(&self) -> Option<Trial> {
        match (self.state, self.attempts_left) {
            (SlotState::Trial, 1..) => Some(Trial {
                attempt: self
                    .attempts_total
                    .saturating_sub(self.attempts_left)
                    .saturating_add(1),
                total: self.attempts_total,
            }),
            _ => None,
        }
    }

    /// What the failure list is told when the slot fails (FORMAT.md §4.4).
    #[must_use]
    pub fn failure(&self) -> Failure {
        Failure {
            release_digest: self.release_digest,
            generation: self.generation,
            reason: self.reason,
            progress: self.progress,
            detail: Text::cut(self.detail.as_str()),
        }
    }
}

/// A counted boot: `attempt` of `total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Which one this is, from 1.
    pub attempt: u8,
    /// How many were granted at staging.
    pub total: u8,
}

/// A release that failed on this volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// SHA-256 of its release.json. All zero: the entry is not in use.
    pub release_digest: Digest,
    /// Generation of the slot when it failed.
    pub generation: u64,
    /// Why it was given up.
    pub reason: Reason,
    /// How far its last attempt got.
    pub progress: Progress,
    /// What the reason refers to.
    pub detail: Text<22>,
}

impl Failure {
    /// Parses an entry; any bytes are one.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        Self {
            release_digest: Digest(failure_entry::RELEASE_DIGEST.get(bytes)),
            generation: failure_entry::GENERATION.get(bytes),
            reason: Reason(failure_entry::REASON.get(bytes)),
            progress: Progress(failure_entry::PROGRESS.get(bytes)),
            detail: Text::from_bytes(failure_entry::DETAIL.get(bytes)),
        }
    }

    /// Writes the entry over another one.
    pub fn patch(&self, bytes: &mut [u8]) {
        failure_entry::RELEASE_DIGEST.set(bytes, self.release_digest.0);
        failure_entry::GENERATION.set(bytes, self.generation);
        failure_entry::REASON.set(bytes, self.reason.0);
        failure_entry::PROGRESS.set(bytes, self.progress.0);
        failure_entry::DETAIL.set(bytes, *self.detail.as_bytes());
    }

    /// Whether the entry stands for a release.
    #[must_use]
    pub fn in_use(&self) -> bool {
        self.release_digest != Digest::default()
    }
}

/// What the health check printed last that failed the release of a stage (FORMAT.md §4.8). User space writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// Number of the stage; 0 when the entry is not in use.
    pub generation: u64,
    /// One line.
    pub output: Text<120>,
}

impl Output {
    /// Parses an entry; any bytes are one.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        Self {
            generation: output_entry::GENERATION.get(bytes),
            output: Text::from_bytes(output_entry::OUTPUT.get(bytes)),
        }
    }
}
