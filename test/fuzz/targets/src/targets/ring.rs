//! Which record counts, and how the next one is written. Input: u8 records in a ring (as a power of two), u8 which writes
//! fail, then 10 bytes for each block of both rings in their order: u8 kind, u8 floor, u64 sequence.

use cocon_core::field::U64;
use cocon_core::format::{BLOCK_SIZE, record as field};
use cocon_core::{Error, Superblock, ring};

use crate::allocation::within;
use crate::disk::Disk;
use crate::edit::{seal, take};
use crate::sample::SAMPLE;
use crate::target::{Target, as_it_is};

const HEADER: usize = 2;
const ENTRY: usize = 10;
/// 2, 4 or 8 records: the sample's groups have 16 blocks.
const MOST_RECORDS: usize = 8;
/// Both rings and some records.
const MEMORY: usize = 256 * 1024;

pub(crate) const TARGET: Target = Target {
    name: "ring",
    longest: HEADER + 2 * MOST_RECORDS * ENTRY,
    sample: || {
        let mut input = vec![1, 0];
        for place in 0..8_u8 {
            input.extend([0, place]);
            let sequence = u64::from(place % 4) * 2 + u64::from(place / 4) + 40;
            input.extend(sequence.to_le_bytes());
        }
        input
    },
    repair: as_it_is,
    run,
};

fn run(input: &[u8]) {
    let ([exponent, faults], entries) = take(input);
    let superblock = Superblock {
        ring_records: 2 << (exponent % 3),
        ..SAMPLE.superblock.clone()
    };
    let mut disk = Disk::new(SAMPLE.bytes);
    let valid = fill(&mut disk, &superblock, entries);
    let leader = valid
        .iter()
        .copied()
        .reduce(|leader, next| if is_newer(next, leader) { next } else { leader });
    let current = within(MEMORY, || ring::current(&mut disk, &superblock));
    let record = match (current, leader) {
        (Ok(record), Some(sequence)) => {
            assert_eq!(record.sequence(), sequence);
            record
        }
        (Err(error), None) => {
            assert_eq!(error, Error::NoRecord);
            return;
        }
        (found, expected) => panic!("{found:?} instead of {expected:?}"),
    };
    let (first, count) = (usize::from(faults & 3), usize::from(faults >> 2 & 3));
    disk.failing_writes = first..first + count;
    let written = ring::write_next(&mut disk, &superblock, &record, 9);
    let lost = (0..2)
        .take_while(|number| disk.failing_writes.contains(number))
        .count();
    assert_eq!(disk.writes.len(), 2.min(lost + 1));
    match written {
        Ok(next) => assert_eq!(
            next.sequence(),
            record.sequence().wrapping_add(1 + lost as u64)
        ),
        Err(error) => assert!(lost == 2 && matches!(error, Error::Io { .. })),
    }
    // Rings of one history only tell which record counts after a write: no sequence is far behind, none is repeated.
    let of_one_history = valid
        .iter()
        .all(|sequence| record.sequence().wrapping_sub(*sequence) < 1 << 62);
    if of_one_history {
        let expected = if lost == 2 { 0 } else { 1 + lost as u64 };
        let after = ring::current(&mut disk, &superblock).expect("a record is left");
        assert_eq!(after.sequence(), record.sequence().wrapping_add(expected));
    }
}

/// Fills both rings and returns the sequences of the records that are valid, in the order in which they are looked at.
fn fill(disk: &mut Disk, superblock: &Superblock, entries: &[u8]) -> Vec<u64> {
    let blocks = superblock
        .ring_blocks
        .into_iter()
        .flat_map(|first| (first..).take(superblock.ring_records as usize));
    let mut valid = Vec::new();
    for (block, entry) in blocks.zip(entries.chunks(ENTRY).chain(core::iter::repeat(&[2][..]))) {
        let ([kind, floor], rest) = take(entry);
        let (number, _) = take(rest);
        let near = u64::from_le_bytes(number);
        // Most sequences are moved to one that belongs here: its ring and index come from the place.
        let sequence = if kind & 4 == 0 {
            own(near, block, superblock)
        } else {
            near
        };
        let bytes = disk.block_mut(block as usize);
        bytes.copy_from_slice(SAMPLE.record.as_bytes());
        field::SEQUENCE.set(bytes, sequence);
        field::FLOOR.set(bytes, floor.into());
        seal(bytes, field::CRC);
        match kind & 3 {
            1 => {
                let word = U64(usize::from(floor) * 8);
                word.set(bytes, !word.get(bytes));
            }
            2 => bytes[..BLOCK_SIZE].fill(0),
            _ if ring::position(sequence, superblock) == block => valid.push(sequence),
            _ => {}
        }
    }
    valid
}

/// The sequence at or below `near` that belongs into `block`.
fn own(near: u64, block: u64, superblock: &Superblock) -> u64 {
    let [ring0, ring1] = superblock.ring_blocks;
    let records = u64::from(superblock.ring_records);
    let (ring, index) = if block < ring1 {
        (0, block - ring0)
    } else {
        (1, block - ring1)
    };
    near / (2 * records) * (2 * records) + 2 * index + ring
}

/// FORMAT.md §4.6, step 3, in other words than the core's: the distance as a signed number.
const fn is_newer(one: u64, other: u64) -> bool {
    one.wrapping_sub(other).cast_signed() > 0
}
