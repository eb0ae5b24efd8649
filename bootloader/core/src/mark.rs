//! The mark that an attempt leaves in memory, by which the next boot tells a reset from a loss of power (FORMAT.md §7.1).

use crate::slot::SlotEntry;
use crate::superblock::Superblock;

/// Bytes of a mark.
pub const MARK_SIZE: usize = 40;

/// One attempt: no two on any volume have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub [u8; MARK_SIZE]);

impl Mark {
    /// The mark of no attempt.
    pub const NONE: Self = Self([0; MARK_SIZE]);

    /// The mark of the attempt that `entry` counts: its numbers as they are after counting.
    #[must_use]
    pub fn of(superblock: &Superblock, entry: &SlotEntry) -> Self {
        let mut bytes = [0; MARK_SIZE];
        let parts = MAGIC
            .into_iter()
            .chain(superblock.volume_uuid.0)
            .chain(entry.generation.to_le_bytes())
            .chain([
                entry.attempts_left,
                entry.interruptions_left,
                entry.shutdowns,
            ]);
        for (place, byte) in bytes.iter_mut().zip(parts) {
            *place = byte;
        }
        Self(bytes)
    }
}

const MAGIC: [u8; 8] = *b"SDFSMARK";
