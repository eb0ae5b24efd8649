//! Machines with too little memory for a slot: whose fault that is, and that a trial ends all the same (FORMAT.md §7).

mod support;

use cocon_core::format::slot_entry;
use cocon_core::slot::{Progress, Reason, SlotState};
use cocon_core::{Error, Search};
use support::{Machine, Slot, boot_on, current, disk_of, edit_slot};

#[test]
fn too_little_memory_is_no_fault_of_the_slot() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::confirmed(2)]);
    let mut machine = Machine {
        memory_bytes: 0,
        ..Machine::new()
    };
    assert_eq!(
        boot_on(&mut disk, &mut machine).unwrap_err(),
        Error::NoBootableSlot
    );
    assert!(disk.writes.is_empty());
    assert!(
        machine
            .log
            .iter()
            .any(|line| line.contains("LOADER_OUT_OF_MEMORY"))
    );
}

/// A slot whose kernel is larger than the memory of [`small_machine`], which has enough for the others.
fn large(slot: Slot) -> Slot {
    let mut slot = slot;
    slot.files[0].2 = support::pattern(50_000, 9);
    slot.release = support::release(&slot.files, "large");
    slot
}

fn small_machine() -> Machine {
    Machine {
        memory_bytes: 20_000,
        ..Machine::new()
    }
}

#[test]
fn a_trial_that_never_has_the_memory_is_charged_its_attempts_and_says_why() {
    // Whatever is told of the boots before: how these attempts ended is known.
    for memory in [None, Some(vec![])] {
        let mut disk = disk_of(&[Slot::confirmed(1), large(Slot::trial(2, 2))]);
        edit_slot(&mut disk, 1, |entry| {
            slot_entry::INTERRUPTIONS_LEFT.set(entry, 2)
        });
        for left in [1, 0] {
            let mut machine = small_machine();
            machine.memory.clone_from(&memory);
            assert_eq!(boot_on(&mut disk, &mut machine).unwrap().slot, 0);
            assert_eq!(disk.writes.len(), 2, "the count, and how it ended");
            let entry = current(&mut disk).slots()[1];
            assert_eq!(
                (entry.state, entry.attempts_left, entry.progress),
                (SlotState::Trial, left, Progress::LOADER)
            );
            assert_eq!(
                (entry.reason, entry.detail.as_str()),
                (Reason::MEMORY, "kernel")
            );
        }
        assert_eq!(boot_on(&mut disk, &mut small_machine()).unwrap().slot, 0);
        let record = current(&mut disk);
        let entry = record.slots()[1];
        assert_eq!(
            (entry.state, entry.reason, entry.detail.as_str()),
            (SlotState::Failed, Reason::MEMORY, "kernel")
        );
        assert_eq!(record.failures().count(), 1);
    }
}

#[test]
fn a_firmware_without_the_memory_to_start_a_slot_does_not_make_it_failed() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 2)]);
    let mut machine = Machine::new();
    let mut search = Search::open(&mut disk, &mut machine).unwrap();
    for slot in [1, 0] {
        let candidate = search.next_candidate().unwrap();
        assert_eq!(candidate.slot, slot);
        search.start_lacked_memory(&candidate, "firmware refused: OUT_OF_RESOURCES");
    }
    assert_eq!(search.next_candidate().unwrap_err(), Error::NoBootableSlot);
    let record = current(&mut disk);
    let [confirmed, trial] = [record.slots()[0], record.slots()[1]];
    assert_eq!(
        (confirmed.state, confirmed.reason),
        (SlotState::Confirmed, Reason::NONE)
    );
    assert_eq!(
        (trial.state, trial.reason, trial.progress),
        (SlotState::Trial, Reason::MEMORY, Progress::LOADER)
    );
    assert_eq!(trial.detail.as_str(), "firmware refused: OUT_OF_RESOURCES");
    assert_eq!(disk.writes.len(), 3, "attempt, hand-over, how it ended");
}
