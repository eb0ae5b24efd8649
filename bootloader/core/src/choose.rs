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
    let mut ranked: Vec<(u8, u8)> = Vec::new();
    for (number, entry) in (0..).zip(entries) {
        if verdict(entry, writable) == wanted {
            let place = ranked.partition_point(|(_, priority)| *priority >= entry.priority);
            ranked.insert(place, (number, entry.priority));
        }
    }
    ranked.into_iter().map(|(number, _)| number).collect()
}

/// What is known of the end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The machine was reset.
    Reset,
    /// It lost its power.
    PowerLost,
}

/// Whether the slot's last attempt has neither ended in a commit nor noted what went wrong.
#[must_use]
pub fn is_open(entry: &SlotEntry) -> bool {
    entry.state == SlotState::Trial
        && entry.reason == Reason::NONE
        && entry.progress != Progress::NONE
}

/// The entry of a trial whose open attempt ended like that. A loss of power is not charged while interruptions are left.
#[must_use]
pub const fn settled(entry: &SlotEntry, ending: Ending) -> SlotEntry {
    match ending {
        Ending::Reset => SlotEntry {
            reason: Reason::RESET,
            ..*entry
        },
        Ending::PowerLost
            if entry.interruptions_left > 0 && entry.attempts_left < entry.attempts_total =>
        {
            SlotEntry {
                attempts_left: entry.attempts_left.saturating_add(1),
                interruptions_left: entry.interruptions_left.saturating_sub(1),
                reason: Reason::POWER_LOST,
                ..*entry
            }
        }
        Ending::PowerLost => SlotEntry {
            reason: Reason::POWER_LOST,
            ..*entry
        },
    }
}

/// The entry of a trial that is about to be read: one attempt less.
#[must_use]
pub const fn begun(entry: &SlotEntry) -> SlotEntry {
    SlotEntry {
        attempts_left: entry.attempts_left.saturating_sub(1),
        progress: Progress::LOADER,
        reason: Reason::NONE,
        detail: Text::EMPTY,
        ..*entry
    }
}

/// The entry of a trial that was counted and is about to start.
#[must_use]
pub const fn handed_over(entry: &SlotEntry) -> SlotEntry {
    SlotEntry {
        progress: Progress::KERNEL,
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

/// The entry of a trial whose attempt ended for want of memory. The slot is not to blame, so it stays in trial.
#[must_use]
pub fn lacked_memory(entry: &SlotEntry, detail: &str) -> SlotEntry {
    SlotEntry {
        state: entry.state,
        ..failed(entry, Reason::MEMORY, detail)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::digest::Digest;

    fn slot(state: SlotState, flags: u8, attempts_left: u8, priority: u8) -> SlotEntry {
        SlotEntry {
            state,
            flags,
            priority,
            attempts_left,
            attempts_total: 3,
            interruptions_left: 1,
            progress: Progress(3),
            reason: Reason::NONE,
            generation: 7,
            descriptor_block: 48,
            descriptor_blocks: 1,
            descriptor_crc: 0,
            release_digest: Digest([1; 32]),
            detail: Text::EMPTY,
            shutdowns: 0,
        }
    }

    #[test]
    fn verdict_is_the_table_of_the_specification() {
        let rows = [
            (slot(SlotState::Empty, 1, 3, 1), Verdict::No, Verdict::No),
            (
                slot(SlotState::Trial, 0, 1, 1),
                Verdict::Candidate,
                Verdict::No,
            ),
            (
                slot(SlotState::Trial, 0, 0, 1),
                Verdict::Exhausted,
                Verdict::Exhausted,
            ),
            (
                slot(SlotState::Confirmed, 1, 0, 1),
                Verdict::Candidate,
                Verdict::Candidate,
            ),
            (
                slot(SlotState::Failed, 1, 0, 1),
                Verdict::LastResort,
                Verdict::LastResort,
            ),
            (
                slot(SlotState::Failed, 0xfe, 3, 1),
                Verdict::No,
                Verdict::No,
            ),
        ];
        for (entry, writable, read_only) in rows {
            assert_eq!(
                (verdict(&entry, true), verdict(&entry, false)),
                (writable, read_only),
                "{entry:?}"
            );
        }
    }

    #[test]
    fn ranking_is_by_descending_priority_then_ascending_number() {
        let entries =
            [3, 255, 0, 3, 255].map(|priority| slot(SlotState::Confirmed, 1, 0, priority));
        assert_eq!(
            ranking(&entries, true, Verdict::Candidate),
            vec![1, 4, 0, 3, 2]
        );
        assert_eq!(ranking(&entries, true, Verdict::LastResort), vec![]);
    }

    #[test]
    fn exhausted_keeps_a_reason_that_is_noted_and_how_far_the_last_attempt_got() {
        let entry = slot(SlotState::Trial, 0, 0, 1);
        let noted = SlotEntry {
            reason: Reason(8),
            detail: Text::cut("10-network"),
            ..entry
        };
        assert_eq!(
            (exhausted(&entry).reason, exhausted(&entry).progress),
            (Reason::NO_COMMIT, Progress(3))
        );
        assert_eq!(
            exhausted(&noted),
            SlotEntry {
                state: SlotState::Failed,
                ..noted
            }
        );
    }
}
