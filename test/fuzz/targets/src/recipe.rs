//! An input that is a volume: a few changes of the sample, and how the machine behaves. Every string of bytes is one.
//!
//! | bytes | meaning |
//! |---|---|
//! | 0 | bit 0: put the CRCs right again; bit 1: sign release.json again; bit 2: a read-only device; bits 3, 4: what memory says (1 reset, 2 loss of power, else nothing); bit 5: a device tree is wanted; bits 6, 7: boots, less one |
//! | 1 | low half: the first write that fails (0: none does), high half: how many do, less one |
//! | then 12 each | an edit: operation, region, u16 offset into it, u64 value |
//!
//! So a corpus holds a few dozen bytes for a volume of 97 blocks, and a byte that changes is one that somebody looks at.

use cocon_core::Digest;
use cocon_core::descriptor::File;
use cocon_core::field::{U16, U64};
use cocon_core::format::{
    self, BLOCK_SIZE, DESCRIPTOR_HEADER_SIZE, FILE_ENTRY_SIZE, RECORD_HEADER_SIZE, SLOT_ENTRY_SIZE,
    SUPERBLOCK_SIZE, descriptor, file_entry, record, slot_entry, superblock,
};

use crate::disk::Disk;
use crate::edit::{seal, signature, take};
use crate::machine::Machine;
use crate::sample::{SAMPLE, Sample, SampleSlot};

/// Bytes before the edits.
const HEADER: usize = 2;
/// Bytes of an edit.
const EDIT: usize = 12;
/// Most edits of an input.
const EDITS: usize = 16;
/// Bytes of the longest input.
pub const LONGEST: usize = HEADER + EDIT * EDITS;

/// What an input says.
#[derive(Debug)]
pub struct Recipe {
    /// The volume.
    pub disk: Disk,
    /// The machine.
    pub machine: Machine,
    /// Boots, 1 … 4.
    pub boots: usize,
    /// The releases that are signed: the contents of release.json.
    pub signed: Vec<Vec<u8>>,
}

/// An input without edits.
#[must_use]
pub fn sample_input() -> Vec<u8> {
    vec![0b11, 0]
}

impl Recipe {
    /// Does what the input says.
    #[must_use]
    pub fn new(input: &[u8]) -> Self {
        let sample = &*SAMPLE;
        let ([flags, faults], edits) = take(input);
        let bit = |number: u32| flags >> number & 1 == 1;
        let mut disk = Disk::new(sample.bytes);
        for edit in edits.chunks_exact(EDIT).take(EDITS) {
            apply(edit, &mut disk, sample);
        }
        let mut signed: Vec<Vec<u8>> = sample
            .slots
            .iter()
            .map(|slot| release_json(slot, &Disk::new(sample.bytes)))
            .collect();
        if bit(1) {
            for slot in &sample.slots {
                signed.push(sign(slot, &mut disk, sample));
            }
        }
        if bit(0) {
            seal_all(&mut disk, sample);
        }
        disk.read_only = bit(2);
        let first = usize::from(faults & 15);
        if first > 0 {
            disk.failing_writes = first - 1..first + usize::from(faults >> 4);
        }
        let mut machine = Machine::new(sample.key.verifying_key().to_bytes());
        machine.mark = match flags >> 3 & 3 {
            1 => Some(true),
            2 => Some(false),
            _ => None,
        };
        machine.wants_tree = bit(5);
        Self {
            disk,
            machine,
            boots: usize::from(flags >> 6) + 1,
            signed,
        }
    }
}

fn apply(edit: &[u8], disk: &mut Disk, sample: &Sample) {
    let region = sample.regions[usize::from(edit[1]) % sample.regions.len()];
    let at = region.at + usize::from(U16(2).get(edit)) % region.length;
    let value = U64(4).get(edit);
    let bytes = value.to_le_bytes();
    let (block, inside) = (at / BLOCK_SIZE, at % BLOCK_SIZE);
    match edit[0] % 9 {
        0 => disk.put(at, &bytes[..1]),
        1 => disk.put(at, &bytes[..2]),
        2 => disk.put(at, &bytes[..4]),
        3 => disk.put(at, &bytes),
        4 => {
            let sum = value.wrapping_add(U64(0).get(&disk.bytes(at, 8)));
            disk.put(at, &sum.to_le_bytes());
        }
        5 => {
            let byte = disk.bytes(at, 1)[0] ^ 1 << (value & 7);
            disk.put(at, &[byte]);
        }
        // Torn: the rest of the block is the same byte.
        6 => disk.block_mut(block)[inside..].fill(bytes[0]),
        // Another structure's block, here.
        7 => {
            let from = sample.regions[usize::from(bytes[0]) % sample.regions.len()];
            let other = disk.block(from.at / BLOCK_SIZE).to_vec();
            disk.put(block * BLOCK_SIZE, &other);
        }
        _ => disk.size = value % (2 * sample.bytes.len() as u64),
    }
}

fn release_json(slot: &SampleSlot, disk: &Disk) -> Vec<u8> {
    let file = &slot.descriptor.files[0];
    disk.bytes(
        file.extents[0].start as usize * BLOCK_SIZE,
        file.size as usize,
    )
}

/// Signs the release.json of a slot as it is now, and notes its digest wherever that stands. Returns it.
fn sign(slot: &SampleSlot, disk: &mut Disk, sample: &Sample) -> Vec<u8> {
    let json = release_json(slot, disk);
    let [json_file, signature_file, ..] = slot.descriptor.files.as_slice() else {
        unreachable!("a release has both");
    };
    let block_of = |file: &File| file.extents[0].start as usize;
    if !disk.changed_blocks().contains(&block_of(json_file)) {
        return json;
    }
    let digest = Digest::of(&json).0;
    disk.put(
        block_of(signature_file) * BLOCK_SIZE,
        &signature(&sample.key, &json),
    );
    let block = disk.block_mut(slot.entry.descriptor_block as usize);
    descriptor::RELEASE_DIGEST.set(block, digest);
    let entry = &mut block[DESCRIPTOR_HEADER_SIZE..DESCRIPTOR_HEADER_SIZE + FILE_ENTRY_SIZE];
    file_entry::SHA256.set(entry, digest);
    for_each_entry(disk, slot, |entry| {
        slot_entry::RELEASE_DIGEST.set(entry, digest);
    });
    json
}

/// Calls `change` with the entry of a slot in each record, where it still names the descriptor of the sample.
fn for_each_entry(disk: &mut Disk, slot: &SampleSlot, change: impl Fn(&mut [u8])) {
    let at = RECORD_HEADER_SIZE + usize::from(slot.number) * SLOT_ENTRY_SIZE;
    for block in ring_blocks(&SAMPLE) {
        let entry = &disk.block(block)[at..at + SLOT_ENTRY_SIZE];
        if slot_entry::DESCRIPTOR_BLOCK.get(entry) == slot.entry.descriptor_block {
            change(&mut disk.block_mut(block)[at..at + SLOT_ENTRY_SIZE]);
        }
    }
}

fn ring_blocks(sample: &Sample) -> impl Iterator<Item = usize> {
    let length = sample.superblock.ring_records as usize;
    sample
        .superblock
        .ring_blocks
        .into_iter()
        .flat_map(move |first| (first as usize..).take(length))
}

/// Puts every CRC of a changed block right, and the one that the records keep of each descriptor.
fn seal_all(disk: &mut Disk, sample: &Sample) {
    for slot in &sample.slots {
        let block = slot.entry.descriptor_block as usize;
        if disk.changed_blocks().contains(&block) {
            let crc = seal(disk.block_mut(block), descriptor::CRC);
            for_each_entry(disk, slot, |entry| {
                slot_entry::DESCRIPTOR_CRC.set(entry, crc);
            });
        }
    }
    for block in disk.changed_blocks() {
        let bytes = disk.block_mut(block);
        if bytes.starts_with(&format::SUPERBLOCK_MAGIC) {
            seal(&mut bytes[..SUPERBLOCK_SIZE], superblock::CRC);
        } else if bytes.starts_with(&format::RECORD_MAGIC) {
            seal(bytes, record::CRC);
        }
    }
}
