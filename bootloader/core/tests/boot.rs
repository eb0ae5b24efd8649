//! Whole boots of volumes in memory: the state table and the walk-through of FORMAT.md §7 and §11.

mod support;

use cocon_core::format::{self, failure_entry, slot_entry};
use cocon_core::slot::{Progress, Reason, SlotState};
use cocon_core::{Error, Search, Trial};
use support::{
    Disk, Machine, Slot, block_mut, boot, boot_on, current, disk_of, edit_descriptor, edit_record,
    edit_slot,
};

/// Damages a block of a slot, counted from its descriptor: 1 is release.json, 2 release.sig, then the other files.
fn damage_file(disk: &mut Disk, slot: u8, block_of_slot: u64) {
    let block = current(disk).slots()[usize::from(slot)].descriptor_block + block_of_slot;
    block_mut(disk, block)[50] ^= 1;
}

const KERNEL_BLOCK: u64 = 3;

#[test]
fn a_confirmed_slot_boots_and_writes_nothing() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::confirmed(2)]);
    let before = disk.bytes.clone();
    let candidate = boot(&mut disk).unwrap();
    assert_eq!(
        (candidate.slot, candidate.trial, candidate.last_resort),
        (1, None, false)
    );
    assert_eq!(candidate.kernel.bytes(), support::pattern(9000, 2));
    assert_eq!(candidate.initrd.unwrap().bytes(), support::pattern(100, 2));
    assert!(disk.writes.is_empty() && disk.bytes == before);
}

#[test]
fn among_equal_priorities_the_lowest_slot_boots() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::confirmed(5), Slot::confirmed(5)]);
    assert_eq!(boot(&mut disk).unwrap().slot, 1);
}

#[test]
fn a_trial_ends_after_its_attempts_and_the_confirmed_slot_comes_back() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 3)]);
    for attempt in 1..=3 {
        let candidate = boot(&mut disk).unwrap();
        assert_eq!(
            (candidate.slot, candidate.trial),
            (1, Some(Trial { attempt, total: 3 }))
        );
        assert_eq!(
            (disk.writes.len(), disk.unflushed),
            (2, 0),
            "the attempt and the hand-over are on the disk"
        );
        let entry = current(&mut disk).slots()[1];
        assert_eq!(
            (entry.attempts_left, entry.progress),
            (3 - attempt, Progress::KERNEL)
        );
        assert!(
            candidate
                .command_line
                .contains(&format!(" cocon.attempt={attempt}/3 "))
        );
    }
    let mut machine = Machine::new();
    assert_eq!(boot_on(&mut disk, &mut machine).unwrap().slot, 0);
    assert!(
        machine
            .log
            .contains(&"slot 1: given up, no attempts left, the last one got to: kernel".into())
    );
    assert!(machine.log.contains(&"slot 0: test 1.0, confirmed".into()));
    let record = current(&mut disk);
    let entry = record.slots()[1];
    assert_eq!(
        (entry.state, entry.reason),
        (SlotState::Failed, Reason::NO_COMMIT)
    );
    let failures: Vec<_> = record.failures().collect();
    assert_eq!(failures.len(), 1);
    assert_eq!(
        (failures[0].release_digest, failures[0].progress),
        (entry.release_digest, Progress::KERNEL)
    );
    assert_eq!(record.writer(), format::WRITER_LOADER);
    assert_eq!(record.time(), 1_700_000_000);

    assert_eq!(boot(&mut disk).unwrap().slot, 0);
    assert!(disk.writes.is_empty(), "every further boot writes nothing");
}

#[test]
fn a_reason_that_is_noted_already_is_not_overwritten() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 0)]);
    edit_slot(&mut disk, 1, |entry| slot_entry::REASON.set(entry, 8));
    boot(&mut disk).unwrap();
    assert_eq!(current(&mut disk).slots()[1].reason, Reason(8));
}

#[test]
fn a_confirmed_release_that_was_damaged_is_noted_and_the_next_one_boots() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::confirmed(2)]);
    damage_file(&mut disk, 1, KERNEL_BLOCK);
    let candidate = boot(&mut disk).unwrap();
    assert_eq!(candidate.slot, 0);
    assert_eq!(disk.writes.len(), 1);
    let entry = current(&mut disk).slots()[1];
    assert_eq!(
        (entry.state, entry.progress, entry.reason),
        (SlotState::Failed, Progress::LOADER, Reason::HASH)
    );
    assert_eq!(
        (entry.detail.as_str(), entry.was_confirmed()),
        ("kernel", true)
    );
}

#[test]
fn the_second_pass_tries_what_was_confirmed_once_and_then_says_so() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::confirmed(2)]);
    damage_file(&mut disk, 0, KERNEL_BLOCK);
    damage_file(&mut disk, 1, KERNEL_BLOCK);
    let mut machine = Machine::new();
    assert_eq!(
        boot_on(&mut disk, &mut machine).unwrap_err(),
        Error::NoBootableSlot
    );
    assert_eq!(
        disk.writes.len(),
        1,
        "all changes of one boot go into one record"
    );
    let passed_over = machine
        .log
        .iter()
        .filter(|line| line.contains("passed over, FILE_BAD_HASH"))
        .count();
    assert_eq!(passed_over, 4, "{:#?}", machine.log);

    // The read error was a passing one.
    damage_file(&mut disk, 0, KERNEL_BLOCK);
    let candidate = boot(&mut disk).unwrap();
    assert_eq!((candidate.slot, candidate.last_resort), (0, true));
    assert!(disk.writes.is_empty());
}

#[test]
fn a_failed_slot_never_confirmed_is_not_tried_again() {
    let mut disk = disk_of(&[Slot::trial(1, 0)]);
    assert_eq!(boot(&mut disk).unwrap_err(), Error::NoBootableSlot);
    assert_eq!(boot(&mut disk).unwrap_err(), Error::NoBootableSlot);
    assert!(disk.writes.is_empty());
}

#[test]
fn a_volume_that_cannot_be_written_boots_what_is_confirmed() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(3, 2), Slot::trial(2, 0)]);
    disk.read_only = true;
    assert_eq!(boot(&mut disk).unwrap().slot, 0);
    assert!(disk.writes.is_empty());

    disk.read_only = false;
    for block in [0, support::TOTAL_BLOCKS - 1] {
        let bytes = block_mut(&mut disk, block);
        format::superblock::RO_COMPAT.set(bytes, 4);
        support::seal_superblock(bytes);
    }
    assert_eq!(boot(&mut disk).unwrap().slot, 0);
    assert!(disk.writes.is_empty());
}

#[test]
fn a_trial_whose_attempt_cannot_be_counted_is_not_started() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 3), Slot::trial(3, 3)]);
    disk.failing_writes = 2;
    let mut machine = Machine::new();
    assert_eq!(boot_on(&mut disk, &mut machine).unwrap().slot, 0);
    assert!(
        disk.writes.is_empty(),
        "nothing more is written in this boot"
    );
    assert!(
        machine
            .log
            .iter()
            .any(|line| line.starts_with("slot 2: passed over, its attempt cannot be counted"))
    );
    assert!(
        machine
            .log
            .iter()
            .any(|line| line.starts_with("slot 1: passed over, a trial needs"))
    );
}

#[test]
fn one_ring_that_takes_no_write_is_enough_to_count_an_attempt() {
    for lost in [false, true] {
        let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 3)]);
        let before = current(&mut disk).sequence();
        *(if lost {
            &mut disk.lost_writes
        } else {
            &mut disk.failing_writes
        }) = 1;
        assert_eq!(boot(&mut disk).unwrap().slot, 1);
        let record = current(&mut disk);
        assert_eq!(
            (record.sequence(), record.slots()[1].attempts_left),
            (before + 3, 2)
        );
    }
}

#[test]
fn start_failed_notes_it_and_goes_on() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 3)]);
    let mut machine = Machine::new();
    let mut search = Search::open(&mut disk, &mut machine).unwrap();
    let candidate = search.next_candidate().unwrap();
    assert_eq!(candidate.slot, 1);
    search.start_failed(&candidate, "LoadImage: UNSUPPORTED");
    let candidate = search.next_candidate().unwrap();
    assert_eq!(candidate.slot, 0);
    search.start_failed(&candidate, "returned");
    let candidate = search.next_candidate().unwrap();
    assert_eq!((candidate.slot, candidate.last_resort), (0, true));
    search.start_failed(&candidate, "returned");
    assert_eq!(search.next_candidate().unwrap_err(), Error::NoBootableSlot);
    assert_eq!(search.next_candidate().unwrap_err(), Error::NoBootableSlot);
    assert_eq!(
        disk.writes.len(),
        4,
        "attempt, hand-over, failed start of it, failed start of the confirmed slot"
    );
    let record = current(&mut disk);
    let entry = record.slots()[1];
    assert_eq!(
        (entry.state, entry.reason, entry.progress),
        (SlotState::Failed, Reason::START, Progress::LOADER)
    );
    assert_eq!(entry.detail.as_str(), "LoadImage: UNSUPPORTED");
    assert_eq!(record.failures().count(), 2);
}

#[test]
fn each_failed_check_is_noted_with_its_reason_and_detail() {
    type Damage = fn(&mut Disk);
    let other_key = || Slot {
        key: ed25519_dalek::SigningKey::from_bytes(&[8; 32]),
        ..Slot::trial(2, 3)
    };
    let with = |field: &str, value: serde_json::Value| {
        let mut slot = Slot::trial(2, 3);
        slot.release[field] = value;
        slot
    };
    let none: Damage = |_| {};
    let cases: [(Slot, Damage, u8, &str); 11] = [
        (
            Slot::trial(2, 3),
            |disk| damage_file(disk, 1, 0),
            2,
            "SDFS_BAD_CHECKSUM",
        ),
        (other_key(), none, 3, "RELEASE_UNTRUSTED"),
        (
            Slot::trial(2, 3),
            |disk| damage_file(disk, 1, 2),
            3,
            "RELEASE_BAD_SIGNATURE",
        ),
        (
            with("architecture", "arm64".into()),
            none,
            4,
            "RELEASE_WRONG_ARCHITECTURE",
        ),
        (with("attempts", 0.into()), none, 4, "RELEASE_INVALID"),
        (
            with("commandLine", "x".repeat(1024).into()),
            |disk| lengthen_extents(disk, 1),
            4,
            "CMDLINE_TOO_LONG",
        ),
        (
            with("securityVersion", 0.into()),
            none,
            5,
            "RELEASE_BELOW_FLOOR",
        ),
        (
            Slot::trial(2, 3),
            |disk| damage_file(disk, 1, 1),
            6,
            "release.json",
        ),
        (
            Slot::trial(2, 3),
            |disk| damage_file(disk, 1, 6),
            6,
            "initrd",
        ),
        (
            Slot::trial(2, 3),
            |disk| make_unreadable(disk, 1, KERNEL_BLOCK + 1),
            11,
            "kernel",
        ),
        (
            Slot::trial(2, 3),
            |disk| {
                [1, 2]
                    .iter()
                    .for_each(|block| make_unreadable(disk, 1, *block))
            },
            11,
            "release.json",
        ),
    ];
    for (slot, damage, reason, detail) in cases {
        let mut disk = disk_of(&[Slot::confirmed(1), slot]);
        edit_record(&mut disk, |bytes| format::record::FLOOR.set(bytes, 1));
        damage(&mut disk);
        assert_eq!(boot(&mut disk).unwrap().slot, 0, "{detail}");
        let entry = current(&mut disk).slots()[1];
        assert_eq!(
            (entry.reason, entry.detail.as_str(), entry.progress),
            (Reason(reason), detail, Progress::LOADER)
        );
        assert_eq!(entry.attempts_left, 2, "it was counted before it was read");
    }
}

/// Splits the root file system into as many extents as it has blocks, and more by repeating them.
fn lengthen_extents(disk: &mut Disk, slot: u8) {
    edit_descriptor(disk, slot, |bytes| {
        let rootfs = 128 + 4 * 128;
        let start = format::extent_entry::START.get(&bytes[128 + 6 * 128 + 4 * 16..]);
        let extents = 60;
        format::file_entry::FIRST_EXTENT.set(&mut bytes[rootfs..], 6);
        format::file_entry::EXTENT_COUNT.set(&mut bytes[rootfs..], extents);
        format::file_entry::SIZE.set(&mut bytes[rootfs..], u64::from(extents) * 4096);
        format::descriptor::EXTENT_COUNT.set(bytes, 6 + extents);
        for index in 0..extents as usize {
            let extent = &mut bytes[128 + 6 * 128 + (6 + index) * 16..];
            format::extent_entry::START.set(extent, start);
            format::extent_entry::BLOCKS.set(extent, 1);
        }
    });
    // The release has to say the same size.
    let mut release = Slot::trial(2, 3);
    release.release["rootfs"]["size"] = (60 * 4096).into();
    release.release["commandLine"] = "x".repeat(1024).into();
    let json = release.release.to_string().into_bytes();
    let block = current(disk).slots()[usize::from(slot)].descriptor_block;
    block_mut(disk, block + 1)[..json.len()].copy_from_slice(&json);
    let signature = support::signature(&release.key, &json);
    block_mut(disk, block + 2)[..signature.len()].copy_from_slice(&signature);
    let digest = cocon_core::Digest::of(&json).0;
    edit_descriptor(disk, slot, |bytes| {
        format::descriptor::RELEASE_DIGEST.set(bytes, digest);
        format::file_entry::SIZE.set(&mut bytes[128..], json.len() as u64);
    });
    edit_slot(disk, slot, |entry| {
        slot_entry::RELEASE_DIGEST.set(entry, digest)
    });
}

fn make_unreadable(disk: &mut Disk, slot: u8, block_of_slot: u64) {
    let block = current(disk).slots()[usize::from(slot)].descriptor_block + block_of_slot;
    disk.bad.push(block * 4096..block * 4096 + 1);
}

#[test]
fn a_passed_over_trial_shares_a_record_with_the_next_attempt() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 3), Slot::trial(3, 3)]);
    damage_file(&mut disk, 2, KERNEL_BLOCK);
    assert_eq!(boot(&mut disk).unwrap().slot, 1);
    assert_eq!(
        disk.writes.len(),
        3,
        "count, failure with the next count, hand-over"
    );
    let record = current(&mut disk);
    assert_eq!(
        (record.slots()[2].state, record.slots()[1].attempts_left),
        (SlotState::Failed, 2)
    );
}

#[test]
fn reserved_bytes_of_a_record_survive() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 3)]);
    let reserved = [60, 128 + 112, 128 + 127, 2175, 3200, 4095];
    edit_record(&mut disk, |bytes| {
        reserved.iter().for_each(|at| bytes[*at] = 0xa5)
    });
    boot(&mut disk).unwrap();
    assert_eq!(disk.writes.len(), 2);
    let record = current(&mut disk);
    assert!(reserved.iter().all(|at| record.as_bytes()[*at] == 0xa5));
}

#[test]
fn the_failure_list_replaces_the_same_digest_then_a_free_place_then_the_oldest() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 0)]);
    let digest = current(&mut disk).slots()[1].release_digest.0;
    let fill = |bytes: &mut [u8]| {
        for index in 0..16_usize {
            let entry = &mut bytes[format::FAILURE_ENTRY_OFFSET + index * 64..];
            failure_entry::RELEASE_DIGEST.set(entry, [index as u8 + 1; 32]);
            failure_entry::GENERATION.set(entry, 100 - index as u64 % 10);
        }
    };
    let place = |disk: &mut Disk| {
        boot(disk).unwrap();
        let record = current(disk);
        record
            .failures()
            .map(|failure| failure.release_digest.0)
            .position(|each| each == digest)
    };
    let mut full = disk.clone();
    edit_record(&mut full, fill);
    assert_eq!(place(&mut full), Some(9));

    let mut free = disk.clone();
    edit_record(&mut free, |bytes| {
        fill(bytes);
        failure_entry::RELEASE_DIGEST.set(
            &mut bytes[format::FAILURE_ENTRY_OFFSET + 12 * 64..],
            [0; 32],
        );
    });
    assert_eq!(place(&mut free), Some(12));

    edit_record(&mut disk, |bytes| {
        fill(bytes);
        failure_entry::RELEASE_DIGEST
            .set(&mut bytes[format::FAILURE_ENTRY_OFFSET + 3 * 64..], [0; 32]);
        failure_entry::RELEASE_DIGEST
            .set(&mut bytes[format::FAILURE_ENTRY_OFFSET + 5 * 64..], digest);
    });
    boot(&mut disk).unwrap();
    let digests: Vec<_> = current(&mut disk)
        .failures()
        .map(|failure| failure.release_digest.0)
        .collect();
    assert_eq!(digests.iter().filter(|each| **each == digest).count(), 1);
    assert_eq!(digests.len(), 15);
}
