//! The two rings of boot records: where a record belongs, which one counts, how the next one gets there
//! (FORMAT.md §4.1, §4.6, §4.7).

use alloc::vec;

use crate::device::{Device, block_offset};
use crate::error::Error;
use crate::format::BLOCK_SIZE;
use crate::record::Record;
use crate::superblock::Superblock;

/// The block where the record with this sequence belongs.
#[must_use]
pub fn position(sequence: u64, superblock: &Superblock) -> u64 {
    let [ring0, ring1] = superblock.ring_blocks;
    let ring = if sequence.is_multiple_of(2) {
        ring0
    } else {
        ring1
    };
    let index = (sequence >> 1)
        .checked_rem(superblock.ring_records.into())
        .unwrap_or_default();
    ring.saturating_add(index)
}

/// Whether sequence `a` is newer than `b`, also where the numbers wrap.
#[must_use]
pub const fn newer(a: u64, b: u64) -> bool {
    matches!(a.wrapping_sub(b), 1..=0x7fff_ffff_ffff_ffff)
}

/// Reads both rings and returns the record that counts. What cannot be read or does not pass is passed over.
///
/// # Errors
/// [`Error::NoRecord`] when no record passes.
pub fn current(device: &mut impl Device, superblock: &Superblock) -> Result<Record, Error> {
    let mut leader: Option<Record> = None;
    let mut ring = vec![0; (superblock.ring_records as usize).saturating_mul(BLOCK_SIZE)];
    for first in superblock.ring_blocks {
        // One request for the ring; one for each record where that fails, for one bad sector must not hide the others.
        let whole = device.read(block_offset(first), &mut ring).is_ok();
        for (bytes, block) in ring.chunks_exact_mut(BLOCK_SIZE).zip(first..) {
            if !whole && device.read(block_offset(block), bytes).is_err() {
                continue;
            }
            if let Ok(record) = Record::parse(bytes, block, superblock)
                && leader
                    .as_ref()
                    .is_none_or(|leader| newer(record.sequence(), leader.sequence()))
            {
                leader = Some(record);
            }
        }
    }
    leader.ok_or(Error::NoRecord)
}

/// Writes the successor of `record` and makes sure that it is on the disk. It goes into the other ring; if that ring
/// takes no write, the one after it into the ring that is left. Returns the record that counts from now on.
///
/// # Errors
/// [`Error::Io`] when neither could be written for sure: the next reading decides which record counts. [`Error::ReadOnly`] when the volume
/// or the device cannot be written.
pub fn write_next(
    device: &mut impl Device,
    superblock: &Superblock,
    record: &Record,
    time: u64,
) -> Result<Record, Error> {
    if !superblock.writable() || !device.writable() {
        return Err(Error::ReadOnly);
    }
    let sequence = record.sequence();
    let next = record.next(sequence, time);
    if write(device, superblock, &next).is_ok() {
        return Ok(next);
    }
    let after_next = record.next(sequence.wrapping_add(1), time);
    write(device, superblock, &after_next).map(|()| after_next)
}

fn write(device: &mut impl Device, superblock: &Superblock, record: &Record) -> Result<(), Error> {
    let offset = block_offset(position(record.sequence(), superblock));
    device.write(offset, record.as_bytes())?;
    device.flush()?;
    let mut read_back = vec![0; BLOCK_SIZE];
    device.read(offset, &mut read_back)?;
    if read_back == record.as_bytes() {
        Ok(())
    } else {
        Err(Error::Io { offset })
    }
}
