//! How attempts end that nobody ended: a hang while reading, a loss of power, a reset (FORMAT.md §7 and §7.1).

mod support;

use cocon_core::format::slot_entry;
use cocon_core::slot::{Progress, Reason, SlotState};
use cocon_core::{Device, Error, Search, Trial};
use support::{Disk, Machine, Slot, boot_on, current, disk_of, edit_slot};

/// A machine whose memory outlives a reset, empty as after a loss of power.
fn remembering() -> Machine {
    Machine {
        memory: Some(vec![]),
        ..Machine::new()
    }
}

/// Slot 0 is confirmed; slot 1 is on trial, with so many attempts and as many interruptions.
fn disk_on_trial(attempts: u8) -> Disk {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, attempts)]);
    edit_slot(&mut disk, 1, |entry| {
        slot_entry::ATTEMPTS_TOTAL.set(entry, attempts);
        slot_entry::INTERRUPTIONS_LEFT.set(entry, attempts);
    });
    disk
}

/// A disk whose data area hangs the machine.
struct Hanging<'a> {
    disk: &'a mut Disk,
    data_start: u64,
}

impl Device for Hanging<'_> {
    fn size_bytes(&self) -> u64 {
        self.disk.size_bytes()
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        assert!(offset < self.data_start, "hangs");
        self.disk.read(offset, into)
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        self.disk.write(offset, bytes)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.disk.flush()
    }

    fn writable(&self) -> bool {
        true
    }
}

#[test]
fn a_trial_is_counted_before_anything_of_it_is_read() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 3)]);
    let data_start = cocon_core::Superblock::read(&mut disk).unwrap().data_start * 4096;
    let hung = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
        let mut hanging = Hanging {
            disk: &mut disk,
            data_start,
        };
        let mut machine = Machine::new();
        Search::open(&mut hanging, &mut machine)
            .unwrap()
            .next_candidate()
            .map(|_| ())
    }));
    assert!(hung.is_err());
    assert_eq!(disk.unflushed, 0);
    let entry = current(&mut disk).slots()[1];
    assert_eq!((entry.attempts_left, entry.progress), (2, Progress::LOADER));
}

#[test]
fn a_loss_of_power_is_given_back_until_the_interruptions_are_used() {
    let mut disk = disk_on_trial(2);
    let mut starts = Vec::new();
    loop {
        let mut machine = remembering();
        let candidate = boot_on(&mut disk, &mut machine).unwrap();
        if candidate.slot == 0 {
            break;
        }
        starts.push(candidate.trial.unwrap().attempt);
    }
    assert_eq!(starts, [1, 1, 1, 2]);
    let entry = current(&mut disk).slots()[1];
    assert_eq!(
        (entry.state, entry.reason, entry.interruptions_left),
        (SlotState::Failed, Reason::POWER_LOST, 0)
    );
}

#[test]
fn a_reset_is_charged_though_interruptions_are_left() {
    let mut disk = disk_on_trial(2);
    let mut machine = remembering();
    for attempt in [1, 2] {
        let candidate = boot_on(&mut disk, &mut machine).unwrap();
        assert_eq!(candidate.trial, Some(Trial { attempt, total: 2 }));
    }
    assert_eq!(boot_on(&mut disk, &mut machine).unwrap().slot, 0);
    let entry = current(&mut disk).slots()[1];
    assert_eq!(
        (entry.reason, entry.interruptions_left, entry.progress),
        (Reason::RESET, 2, Progress::KERNEL)
    );
}

#[test]
fn what_user_space_has_noted_is_charged_also_when_the_power_went() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 2)]);
    edit_slot(&mut disk, 1, |entry| {
        slot_entry::ATTEMPTS_LEFT.set(entry, 1);
        slot_entry::ATTEMPTS_TOTAL.set(entry, 2);
        slot_entry::INTERRUPTIONS_LEFT.set(entry, 2);
        slot_entry::PROGRESS.set(entry, 4);
        slot_entry::REASON.set(entry, 8);
    });
    let mut machine = remembering();
    let candidate = boot_on(&mut disk, &mut machine).unwrap();
    assert_eq!(candidate.trial.unwrap().attempt, 2);
    assert_eq!(current(&mut disk).slots()[1].interruptions_left, 2);
}

#[test]
fn a_count_that_landed_though_its_flush_failed_is_no_reset() {
    let mut disk = disk_on_trial(3);
    disk.failing_flushes = 2;
    let mut machine = remembering();
    assert_eq!(boot_on(&mut disk, &mut machine).unwrap().slot, 0);
    let entry = current(&mut disk).slots()[1];
    assert_eq!((entry.attempts_left, entry.reason), (2, Reason::NONE));

    // Nothing of the trial was started, so the next boot must not find that it crashed.
    let candidate = boot_on(&mut disk, &mut machine).unwrap();
    assert_eq!(
        candidate.trial,
        Some(Trial {
            attempt: 1,
            total: 3
        })
    );
    assert_eq!(current(&mut disk).slots()[1].interruptions_left, 2);
}

#[test]
fn a_crash_is_still_known_when_the_next_attempt_cannot_be_counted() {
    let mut disk = disk_on_trial(3);
    let mut machine = remembering();
    assert_eq!(boot_on(&mut disk, &mut machine).unwrap().slot, 1);
    disk.failing_writes = 2;
    assert_eq!(boot_on(&mut disk, &mut machine).unwrap().slot, 0);
    let candidate = boot_on(&mut disk, &mut machine).unwrap();
    assert_eq!(
        candidate.trial,
        Some(Trial {
            attempt: 2,
            total: 3
        })
    );
    assert_eq!(current(&mut disk).slots()[1].interruptions_left, 3);
}

/// What user space writes on its way to an orderly end: the attempt is given back there.
fn shut_down(disk: &mut Disk, slot: u8) {
    let before = current(disk).slots()[usize::from(slot)];
    edit_slot(disk, slot, |entry| {
        slot_entry::REASON.set(entry, Reason::SHUTDOWN.0);
        slot_entry::ATTEMPTS_LEFT.set(entry, before.attempts_left + 1);
        slot_entry::SHUTDOWNS.set(entry, before.shutdowns + 1);
    });
}

#[test]
fn an_orderly_shutdown_is_settled_already_whatever_became_of_the_memory() {
    for keeps_memory in [true, false] {
        let mut disk = disk_on_trial(2);
        let mut machine = remembering();
        for shutdowns in 0..3 {
            let candidate = boot_on(&mut disk, &mut machine).unwrap();
            assert_eq!(
                candidate.trial,
                Some(Trial {
                    attempt: 1,
                    total: 2
                })
            );
            let entry = current(&mut disk).slots()[1];
            assert_eq!(
                (entry.shutdowns, entry.interruptions_left, entry.reason),
                (shutdowns, 2, Reason::NONE)
            );
            shut_down(&mut disk, 1);
            if !keeps_memory {
                machine = remembering();
            }
        }
    }
}

#[test]
fn the_mark_of_an_attempt_before_an_orderly_shutdown_is_not_that_of_the_one_behind_it() {
    let mut disk = disk_on_trial(2);
    let mut machine = remembering();
    boot_on(&mut disk, &mut machine).unwrap();
    let memory = machine.memory.clone();
    shut_down(&mut disk, 1);
    boot_on(&mut disk, &mut machine).unwrap();
    // As if the power had gone in this attempt, and memory held what an earlier one had left there.
    let mut machine = Machine {
        memory,
        ..Machine::new()
    };
    boot_on(&mut disk, &mut machine).unwrap();
    assert_eq!(current(&mut disk).slots()[1].interruptions_left, 1);
}

#[test]
fn a_release_that_has_failed_is_not_known_for_its_orderly_shutdowns_alone() {
    let mut disk = disk_on_trial(1);
    let mut machine = remembering();
    for _ in 0..2 {
        boot_on(&mut disk, &mut machine).unwrap();
    }
    let reasons = |disk: &mut Disk| -> Vec<Reason> {
        current(disk)
            .failures()
            .map(|failure| failure.reason)
            .collect()
    };
    assert_eq!(reasons(&mut disk), [Reason::RESET]);
    edit_slot(&mut disk, 1, |entry| {
        slot_entry::STATE.set(entry, SlotState::Trial as u8);
        slot_entry::REASON.set(entry, Reason::SHUTDOWN.0);
    });
    assert_eq!(boot_on(&mut disk, &mut machine).unwrap().slot, 0);
    assert_eq!(current(&mut disk).slots()[1].reason, Reason::SHUTDOWN);
    assert_eq!(reasons(&mut disk), [Reason::RESET]);
}

#[test]
fn a_release_that_is_given_up_for_orderly_shutdowns_again_did_not_commit() {
    let mut disk = disk_on_trial(1);
    for expected in [Reason::SHUTDOWN, Reason::NO_COMMIT, Reason::NO_COMMIT] {
        edit_slot(&mut disk, 1, |entry| {
            slot_entry::STATE.set(entry, SlotState::Trial as u8);
            slot_entry::ATTEMPTS_LEFT.set(entry, 0);
            slot_entry::REASON.set(entry, Reason::SHUTDOWN.0);
        });
        assert_eq!(boot_on(&mut disk, &mut remembering()).unwrap().slot, 0);
        let record = current(&mut disk);
        assert_eq!(record.slots()[1].reason, Reason::SHUTDOWN);
        assert_eq!(
            record
                .failures()
                .map(|failure| failure.reason)
                .collect::<Vec<_>>(),
            [expected]
        );
    }
}
