//! The volume that inputs are changes of: the base `volume` of the shared vectors, with a place for each structure.

use std::sync::LazyLock;

use cocon_core::descriptor::{Descriptor, FileKind};
use cocon_core::format::{
    BLOCK_SIZE, DESCRIPTOR_HEADER_SIZE, EXTENT_ENTRY_SIZE, FAILURE_ENTRY_OFFSET,
    FAILURE_ENTRY_SIZE, FILE_ENTRY_SIZE, RECORD_HEADER_SIZE, SLOT_ENTRY_SIZE,
};
use cocon_core::slot::SlotEntry;
use cocon_core::{Record, Superblock, ring};
use ed25519_dalek::SigningKey;
use serde_json::Value;

use crate::disk::Disk;

const VECTORS: &str = include_str!("../../../vectors/manifest.json");

/// Bytes of a structure that are worth changing.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// First byte on the disk.
    pub at: usize,
    /// Bytes.
    pub length: usize,
}

/// A slot of the sample that holds a release.
#[derive(Clone, Debug)]
pub struct SampleSlot {
    /// Its number.
    pub number: u8,
    /// Its entry in the record that counts.
    pub entry: SlotEntry,
    /// Its files.
    pub descriptor: Descriptor,
}

/// The sample, and where everything is.
#[derive(Debug)]
pub struct Sample {
    /// The whole volume.
    pub bytes: &'static [u8],
    /// Its superblock, copy A.
    pub superblock: Superblock,
    /// The record that counts.
    pub record: Record,
    /// The slots in use.
    pub slots: Vec<SampleSlot>,
    /// What an edit can be of.
    pub regions: Vec<Region>,
    /// The key that signed it.
    pub key: SigningKey,
}

/// The sample. Read once.
pub static SAMPLE: LazyLock<Sample> = LazyLock::new(read);

fn read() -> Sample {
    let bytes: &'static [u8] = base("volume").leak();
    let mut disk = Disk::new(bytes);
    let superblock = Superblock::read(&mut disk).expect("the sample has a superblock");
    let record = ring::current(&mut disk, &superblock).expect("the sample has a record");
    let slots: Vec<SampleSlot> = (0..)
        .zip(record.slots())
        .filter(|(_, entry)| entry.holds_release())
        .map(|(number, entry)| SampleSlot {
            number,
            entry: *entry,
            descriptor: Descriptor::read(&mut disk, &superblock, number, entry)
                .expect("the sample's slots have descriptors"),
        })
        .collect();
    Sample {
        regions: regions(&superblock, &slots),
        bytes,
        superblock,
        record,
        slots,
        // `TRUSTED` of test/vectors/sample.ts.
        key: SigningKey::from_bytes(&[1; 32]),
    }
}

fn regions(superblock: &Superblock, slots: &[SampleSlot]) -> Vec<Region> {
    let mut regions = vec![
        Region { at: 0, length: 136 },
        Region {
            at: place(superblock.total_blocks - 1),
            length: 136,
        },
    ];
    let slot_entries = usize::from(superblock.slot_count) * SLOT_ENTRY_SIZE;
    for first in superblock.ring_blocks {
        for block in (first..).take(superblock.ring_records as usize) {
            let at = place(block);
            regions.push(Region {
                at,
                length: RECORD_HEADER_SIZE + slot_entries,
            });
            regions.push(Region {
                at: at + FAILURE_ENTRY_OFFSET,
                length: 2 * FAILURE_ENTRY_SIZE,
            });
        }
    }
    for slot in slots {
        let files = slot.descriptor.files.len();
        regions.push(Region {
            at: place(slot.entry.descriptor_block),
            length: DESCRIPTOR_HEADER_SIZE + files * (FILE_ENTRY_SIZE + EXTENT_ENTRY_SIZE),
        });
        for file in &slot.descriptor.files {
            let length = match file.kind {
                FileKind::ReleaseJson | FileKind::ReleaseSig => file.size as usize,
                _ => 16,
            };
            regions.push(Region {
                at: place(file.extents[0].start),
                length,
            });
        }
    }
    regions
}

const fn place(block: u64) -> usize {
    block as usize * BLOCK_SIZE
}

/// The bytes of a base of the shared vectors (`test/vectors/README.md`).
#[must_use]
pub fn base(name: &str) -> Vec<u8> {
    let manifest: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    let base = &manifest["bases"][name];
    let mut bytes = vec![0; number(&base["size"])];
    for piece in base["pieces"].as_array().expect("a base has pieces") {
        let content = match (&piece["hex"], &piece["text"]) {
            (Value::String(hex), _) => from_hex(hex),
            (_, Value::String(text)) => text.clone().into_bytes(),
            _ => vec![0; number(&piece["zeros"])],
        };
        let at = number(&piece["offset"]);
        bytes[at..at + content.len()].copy_from_slice(&content);
    }
    bytes
}

fn number(value: &Value) -> usize {
    value.as_u64().expect("a natural number") as usize
}

/// Bytes of hexadecimal digits.
///
/// # Panics
/// When they are none.
#[must_use]
pub fn from_hex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = core::str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(pair, 16).expect("hexadecimal digits")
        })
        .collect()
}
