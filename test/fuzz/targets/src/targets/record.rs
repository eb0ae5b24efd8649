//! One boot record. Input: where in the rings it was read, then its header and slot entries, then its failure entries;
//! the rest of the 4096 bytes is zero.

use cocon_core::format::{FAILURE_ENTRY_OFFSET, RECORD_SIZE, WRITER_LOADER, record as field};
use cocon_core::slot::Reason;
use cocon_core::{Record, ring};

use crate::allocation::within;
use crate::edit::seal;
use crate::sample::SAMPLE;
use crate::target::Target;

/// Header and the entries of the sample's slots.
const FRONT: usize = 128 + 3 * 128;
/// Two failure entries.
const BACK: usize = 2 * 64;
/// The record and its parsed slots, twice, and what is put into errors.
const MEMORY: usize = 64 * 1024;

pub(crate) const TARGET: Target = Target {
    name: "record",
    longest: 1 + FRONT + BACK,
    sample: || {
        let bytes = SAMPLE.record.as_bytes();
        let mut input = vec![0];
        input.extend_from_slice(&bytes[..FRONT]);
        input.extend_from_slice(&bytes[FAILURE_ENTRY_OFFSET..][..BACK]);
        place_rightly(&mut input);
        input
    },
    repair: |input, random| {
        if input.len() < 8 {
            return;
        }
        if random & 0x10 != 0 {
            place_rightly(input);
        }
        let mut bytes = bytes_of(input);
        let crc = seal(&mut bytes, field::CRC);
        field::CRC.set(&mut input[1..], crc);
    },
    run,
};

/// The block of the sample's rings with this number: even ones lie in ring 0, odd ones in ring 1.
fn block_of(place: u8) -> u64 {
    let superblock = &SAMPLE.superblock;
    let [ring0, ring1] = superblock.ring_blocks;
    let (ring, index) = (place & 1, u64::from(place >> 1));
    [ring0, ring1][usize::from(ring)] + index % u64::from(superblock.ring_records)
}

/// Says that the record was read where one of its sequence belongs.
fn place_rightly(input: &mut [u8]) {
    let sequence = field::SEQUENCE.get(&input[1..]);
    let block = ring::position(sequence, &SAMPLE.superblock);
    if let Some(place) = (0..8).find(|place| block_of(*place) == block) {
        input[0] = place;
    }
}

fn bytes_of(input: &[u8]) -> Vec<u8> {
    let rest = &input[1..];
    let (front, back) = rest.split_at(rest.len().min(FRONT));
    let mut bytes = vec![0; RECORD_SIZE];
    bytes[..front.len()].copy_from_slice(front);
    bytes[FAILURE_ENTRY_OFFSET..][..back.len()].copy_from_slice(back);
    bytes
}

fn run(input: &[u8]) {
    if input.is_empty() {
        return;
    }
    let (superblock, block) = (&SAMPLE.superblock, block_of(input[0]));
    let bytes = bytes_of(input);
    let Ok(record) = within(MEMORY, || Record::parse(&bytes, block, superblock)) else {
        return;
    };
    assert_eq!(record.as_bytes(), bytes);
    assert_eq!(
        record.slots().len(),
        usize::from(superblock.slot_count),
        "one entry for each slot"
    );
    check_rewriting(&record);
    check_next(&record);
    check_failures(&record);
}

/// An entry that is written as it was read changes no byte.
fn check_rewriting(record: &Record) {
    let mut rewritten = record.clone();
    for (number, entry) in (0..).zip(record.slots()) {
        rewritten.set_slot(number, *entry);
        // Any bytes are text, up to the first that are none.
        assert!(!entry.detail.as_str().contains('\0'));
    }
    // There is no such slot.
    rewritten.set_slot(SAMPLE.superblock.slot_count, record.slots()[0]);
    assert_eq!(&rewritten, record);
}

/// The next record is valid at its place, newer, in the other ring, and says the same.
fn check_next(record: &Record) {
    let superblock = &SAMPLE.superblock;
    let next = record.next(record.sequence(), 7);
    let place = ring::position(next.sequence(), superblock);
    let read = Record::parse(next.as_bytes(), place, superblock).expect("it is valid");
    assert_eq!(read, next);
    assert!(ring::newer(read.sequence(), record.sequence()));
    assert!(!ring::newer(record.sequence(), read.sequence()));
    let is_second = |sequence| ring::position(sequence, superblock) >= superblock.ring_blocks[1];
    assert_ne!(
        is_second(next.sequence()),
        is_second(record.sequence()),
        "it lies in the other ring"
    );
    assert_eq!(
        (read.slots(), read.floor(), read.writer(), read.time()),
        (record.slots(), record.floor(), WRITER_LOADER, 7)
    );
    assert!(read.failures().eq(record.failures()));
}

/// A failure that is noted is listed, once, and drives out one other at most.
fn check_failures(record: &Record) {
    let mut failure = record.slots()[0].failure();
    failure.reason = Reason::HASH;
    let before = record.failures().count();
    let mut noted = record.clone();
    noted.note_failure(failure);
    let same = noted
        .failures()
        .filter(|each| each.release_digest == failure.release_digest && *each == failure)
        .count();
    assert_eq!(same, usize::from(failure.in_use()));
    let after = noted.failures().count();
    assert!(
        after == before || after == before + 1,
        "{before} to {after}"
    );
    assert_eq!(noted.slots(), record.slots());
}
