//! The state table of FORMAT.md §7 as a pure function: which slots may boot, in which order, and what each boot changes.

use alloc::vec::Vec;

use crate::field::Text;
use crate::slot::{Progress, Reason, SlotEntry, SlotState};

/// What the table says of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may boot, in the first pass.
    Candidate,
    /// It may boot when no candidate is left.
    LastResort,
    /// It was in trial and has no attempts left: it becomes failed.
    Exhausted,
    /// It does not boot.
    No,
}

/// Looks a slot up in the table. `writable` says whether an attempt can be counted.
#[must_use]
pub const fn verdict(entry: &SlotEntry, writable: bool) -> Verdict {
    match entry.state {
        SlotState::Empty => Verdict::No,
        SlotState::Trial if entry.attempts_left > 0 && writable => Verdict::Candidate,
        SlotState::Trial if entry.attempts_left > 0 => Verdict::No,
        SlotState::Trial => Verdict::Exhausted,
        SlotState::Confirmed => Verdict::Candidate,
        SlotState::Failed if entry.was_confirmed() => Verdict::LastResort,
        SlotState::Failed => Verdict::No,
    }
}

/// The numbers of the slots with this verdict: by descending priority, among equals by ascending number.
#[must_use]
pub fn ranking(entries: &[SlotEntry], writable: bool, wanted: Verdict) -> Vec<u8> {
    let mut ranked: Vec<(u8, u8)> = (0..)
        .zip(entries)
        .filter(|(_, entry)| verdict(entry, writable) == wanted)
        .map(|(number, entry)| (number, entry.priority))
        .collect();
    ranked.sort_unstable_by_key(|(number, priority)| (u8::MAX.abs_diff(*priority), *number));
    ranked.into_iter().map(|(number, _)| number).collect()
}

/// The entry of a trial that is about to start: one attempt less, handed to the kernel.
#[must_use]
pub const fn begun(entry: &SlotEntry) -> SlotEntry {
    SlotEntry {
        attempts_left: entry.attempts_left.saturating_sub(1),
        progress: Progress::KERNEL,
        reason: Reason::NONE,
        detail: Text::EMPTY,
        ..*entry
    }
}

/// The entry of a trial whose attempts are used up. What its last attempt noted stays.
#[must_use]
pub fn exhausted(entry: &SlotEntry) -> SlotEntry {
    let reason = if entry.reason == Reason::NONE {
        Reason::NO_COMMIT
    } else {
        entry.reason
    };
    SlotEntry {
        state: SlotState::Failed,
        reason,
        ..*entry
    }
}

/// The entry of a slot that ended in the loader, and why.
#[must_use]
pub fn failed(entry: &SlotEntry, reason: Reason, detail: &str) -> SlotEntry {
    SlotEntry {
        state: SlotState::Failed,
        progress: Progress::LOADER,
        reason,
        detail: Text::cut(detail),
        ..*entry
    }
}
