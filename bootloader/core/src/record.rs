//! One boot record: parsing it, and preparing the next one (FORMAT.md §4). Where it lies is [`crate::ring`]'s business.

use alloc::vec::Vec;

use crate::crc::structure_crc;
use crate::device::block_offset;
use crate::error::Error;
use crate::format::{self, record as field};
use crate::ring;
use crate::slot::{Failure, Output, Reason, SlotEntry};
use crate::superblock::Superblock;

/// A valid boot record. It is kept as the bytes that were read, so that what is reserved survives its rewriting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    bytes: Vec<u8>,
    slots: Vec<SlotEntry>,
}

impl Record {
    /// Parses the record in `bytes`, read from `block`, and checks it in the order of FORMAT.md §4.6.
    ///
    /// # Errors
    /// The first check that fails. Other than 4096 bytes are [`Error::BadMagic`] or [`Error::BadChecksum`].
    pub fn parse(bytes: &[u8], block: u64, superblock: &Superblock) -> Result<Self, Error> {
        let offset = block_offset(block);
        if field::MAGIC.get(bytes) != format::RECORD_MAGIC {
            return Err(Error::BadMagic { offset });
        }
        let (expected, actual) = (field::CRC.get(bytes), structure_crc(bytes, field::CRC));
        if bytes.len() != format::RECORD_SIZE || expected != actual {
            return Err(Error::BadChecksum {
                offset,
                expected,
                actual,
            });
        }
        if field::VOLUME_UUID.get(bytes) != superblock.volume_uuid.0 {
            return Err(Error::WrongVolume { offset });
        }
        let sequence = field::SEQUENCE.get(bytes);
        if ring::position(sequence, superblock) != block {
            return Err(Error::MisplacedRecord { block, sequence });
        }
        let slots = slot_entries(bytes)
            .zip(0..superblock.slot_count)
            .map(|(entry, number)| SlotEntry::parse(entry, number, superblock))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            bytes: bytes.to_vec(),
            slots,
        })
    }

    /// All 4096 bytes. They carry a stale CRC while changes are being made; [`next`](Self::next) seals them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its number.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        field::SEQUENCE.get(&self.bytes)
    }

    /// The lowest security version that may start.
    #[must_use]
    pub fn floor(&self) -> u64 {
        field::FLOOR.get(&self.bytes)
    }

    /// Unix seconds when it was written, 0 when that is not known.
    #[must_use]
    pub fn time(&self) -> u64 {
        field::TIME.get(&self.bytes)
    }

    /// Who wrote it (FORMAT.md §4.2).
    #[must_use]
    pub fn writer(&self) -> u32 {
        field::WRITER.get(&self.bytes)
    }

    /// The entries of the volume's slots, by number.
    #[must_use]
    pub fn slots(&self) -> &[SlotEntry] {
        &self.slots
    }

    /// The failure entries in use.
    pub fn failures(&self) -> impl Iterator<Item = Failure> {
        failure_entries(&self.bytes)
            .map(Failure::parse)
            .filter(Failure::in_use)
    }

    /// The output entries in use.
    pub fn outputs(&self) -> impl Iterator<Item = Output> {
        let table = self
            .bytes
            .get(format::OUTPUT_ENTRY_OFFSET..OUTPUT_ENTRIES_END)
            .unwrap_or_default();
        table
            .chunks_exact(format::OUTPUT_ENTRY_SIZE)
            .map(Output::parse)
            .filter(|entry| entry.generation != 0)
    }

    /// Changes what a boot may change of a slot's entry. A number beyond the volume's slots changes nothing.
    pub fn set_slot(&mut self, number: u8, entry: SlotEntry) {
        let number = usize::from(number);
        if let Some(place) = self.slots.get_mut(number) {
            *place = entry;
            if let Some(bytes) = slot_entries_mut(&mut self.bytes).nth(number) {
                entry.patch(bytes);
            }
        }
    }

    /// Adds to the failure list: over the entry of the same release, else into the first free one, else over the one of
    /// lowest generation (FORMAT.md §4.4). A digest of zero names no release and is not noted, nor is an orderly shutdown of a
    /// release that has failed before. The second orderly shutdown in a row is listed as
    /// [`Reason::NO_COMMIT`], which refuses the release from then on.
    pub fn note_failure(&mut self, mut failure: Failure) {
        if !failure.in_use() {
            return;
        }
        let entries: Vec<Failure> = failure_entries(&self.bytes).map(Failure::parse).collect();
        let known = entries
            .iter()
            .position(|entry| entry.release_digest == failure.release_digest);
        let earlier = known.and_then(|index| entries.get(index));
        match (failure.reason, earlier.map(|entry| entry.reason)) {
            (Reason::SHUTDOWN, Some(Reason::SHUTDOWN)) => failure.reason = Reason::NO_COMMIT,
            (Reason::SHUTDOWN, Some(_)) => return,
            _ => {}
        }
        let place = known
            .or_else(|| entries.iter().position(|entry| !entry.in_use()))
            .or_else(|| {
                (0..entries.len())
                    .min_by_key(|index| entries.get(*index).map(|entry| entry.generation))
            });
        if let Some(bytes) = place.and_then(|index| failure_entries_mut(&mut self.bytes).nth(index))
        {
            failure.patch(bytes);
        }
    }

    /// This record as the loader writes it next: the sequence after `sequence`, time, writer and CRC set.
    #[must_use]
    pub fn next(&self, sequence: u64, time: u64) -> Self {
        let mut next = self.clone();
        field::SEQUENCE.set(&mut next.bytes, sequence.wrapping_add(1));
        field::TIME.set(&mut next.bytes, time);
        field::WRITER.set(&mut next.bytes, format::WRITER_LOADER);
        let crc = structure_crc(&next.bytes, field::CRC);
        field::CRC.set(&mut next.bytes, crc);
        next
    }
}

const SLOT_ENTRIES_END: usize =
    format::RECORD_HEADER_SIZE + format::MAX_SLOTS as usize * format::SLOT_ENTRY_SIZE;
const FAILURE_ENTRIES_END: usize =
    format::FAILURE_ENTRY_OFFSET + format::FAILURE_ENTRIES * format::FAILURE_ENTRY_SIZE;
const OUTPUT_ENTRIES_END: usize =
    format::OUTPUT_ENTRY_OFFSET + format::OUTPUT_ENTRIES * format::OUTPUT_ENTRY_SIZE;
const _: () = assert!(
    SLOT_ENTRIES_END == format::FAILURE_ENTRY_OFFSET
        && FAILURE_ENTRIES_END == format::OUTPUT_ENTRY_OFFSET
        && OUTPUT_ENTRIES_END <= format::RECORD_SIZE
);

fn slot_entries(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    let table = record
        .get(format::RECORD_HEADER_SIZE..SLOT_ENTRIES_END)
        .unwrap_or_default();
    table.chunks_exact(format::SLOT_ENTRY_SIZE)
}

fn slot_entries_mut(record: &mut [u8]) -> impl Iterator<Item = &mut [u8]> {
    let table = record
        .get_mut(format::RECORD_HEADER_SIZE..SLOT_ENTRIES_END)
        .unwrap_or_default();
    table.chunks_exact_mut(format::SLOT_ENTRY_SIZE)
}

fn failure_entries(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    let table = record
        .get(format::FAILURE_ENTRY_OFFSET..FAILURE_ENTRIES_END)
        .unwrap_or_default();
    table.chunks_exact(format::FAILURE_ENTRY_SIZE)
}

fn failure_entries_mut(record: &mut [u8]) -> impl Iterator<Item = &mut [u8]> {
    let table = record
        .get_mut(format::FAILURE_ENTRY_OFFSET..FAILURE_ENTRIES_END)
        .unwrap_or_default();
    table.chunks_exact_mut(format::FAILURE_ENTRY_SIZE)
}
