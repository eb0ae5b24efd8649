//! Bad bytes are values: whatever is on the disk, a boot ends, with an error or with a release that is whole.

mod support;

use std::sync::LazyLock;

use cocon_core::format::{descriptor, record};
use cocon_core::superblock::Copy;
use cocon_core::{Descriptor, Digest, Record, Release, Search, Superblock, ring, signature};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{
    Disk, Machine, Slot, block_mut, current, disk_of, edit_descriptor, edit_record, seal,
    seal_superblock, signing_key,
};

/// Bytes that a small volume can ask for: kernel and initrd of three slots, in two passes.
const MOST_MEMORY: usize = 3 * 2 * 16 * 1024;

fn volume() -> Disk {
    static VOLUME: LazyLock<Disk> =
        LazyLock::new(|| disk_of(&[Slot::confirmed(1), Slot::trial(3, 2), Slot::confirmed(2)]));
    VOLUME.clone()
}

/// Boots until nothing is left, and holds each candidate to what was signed.
fn boot_to_the_end(disk: &mut Disk) {
    let mut machine = Machine::new();
    let signed: Vec<Digest> = (1..=3)
        .map(|seed| Digest::of(&support::pattern(9000, seed)))
        .collect();
    disk.reads = 0;
    if let Ok(mut search) = Search::open(disk, &mut machine) {
        let mut starts = 0;
        while let Ok(candidate) = search.next_candidate() {
            assert!(
                signed.contains(&Digest::of(candidate.kernel.bytes())),
                "only signed kernels start"
            );
            search.start_failed(&candidate, "refused");
            starts += 1;
            assert!(starts <= 6, "the search ends");
        }
    }
    assert!(
        machine.allocated <= MOST_MEMORY,
        "{} bytes were asked for",
        machine.allocated
    );
    assert!(disk.reads < 400, "{} reads", disk.reads);
}

type Edits = Vec<(prop::sample::Index, u8)>;

fn edits() -> impl Strategy<Value = Edits> {
    vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
}

fn apply(edits: &Edits, bytes: &mut [u8]) {
    for (index, value) in edits {
        let index = index.index(bytes.len());
        bytes[index] = *value;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_anywhere_on_the_disk(edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..200)) {
        let mut disk = volume();
        apply(&edits, &mut disk.bytes);
        boot_to_the_end(&mut disk);
    }

    #[test]
    fn any_superblock_with_a_good_checksum(edits in edits()) {
        let mut disk = volume();
        let last = support::TOTAL_BLOCKS - 1;
        for block in [0, last] {
            let bytes = block_mut(&mut disk, block);
            apply(&edits, &mut bytes[..136]);
            seal_superblock(bytes);
        }
        boot_to_the_end(&mut disk);
    }

    #[test]
    fn any_record_with_a_good_checksum(edits in edits()) {
        let mut disk = volume();
        edit_record(&mut disk, |bytes| {
            let sequence = record::SEQUENCE.get(bytes);
            apply(&edits, &mut bytes[..512]);
            record::SEQUENCE.set(bytes, sequence);
        });
        boot_to_the_end(&mut disk);
    }

    #[test]
    fn any_descriptor_with_a_good_checksum(edits in edits(), slot in 0..3_u8) {
        let mut disk = volume();
        edit_descriptor(&mut disk, slot, |bytes| apply(&edits, &mut bytes[..1024]));
        boot_to_the_end(&mut disk);
    }

    #[test]
    fn any_bytes_as_any_structure(bytes in vec(any::<u8>(), 0..5000), number in any::<u64>()) {
        let mut disk = volume();
        let superblock = Superblock::read(&mut disk).unwrap();
        let entry = current(&mut disk).slots()[0];
        for copy in [Copy::A, Copy::B] {
            prop_assert!(Superblock::parse(&bytes, copy, number).is_err());
        }
        prop_assert!(Record::parse(&bytes, number, &superblock).is_err());
        prop_assert!(Descriptor::parse(&bytes, &superblock, 0, &entry).is_err());
        prop_assert!(Release::parse(&bytes).is_err());
        let keys = [signing_key().verifying_key().to_bytes()];
        prop_assert!(signature::verify(&bytes, &bytes, &keys).is_err());
        let place = ring::position(number, &superblock);
        prop_assert!((16..20).contains(&place) || (32..36).contains(&place));
    }

    #[test]
    fn any_tables_of_a_descriptor(tables in vec(any::<u8>(), 3968), files in 0..40_u32, extents in 0..300_u32) {
        let mut disk = volume();
        let superblock = Superblock::read(&mut disk).unwrap();
        let mut entry = current(&mut disk).slots()[0];
        let mut bytes = block_mut(&mut disk, entry.descriptor_block).to_vec();
        bytes[128..].copy_from_slice(&tables);
        descriptor::FILE_COUNT.set(&mut bytes, files);
        descriptor::EXTENT_COUNT.set(&mut bytes, extents);
        entry.descriptor_crc = seal(&mut bytes, descriptor::CRC);
        let error = Descriptor::parse(&bytes, &superblock, 0, &entry).unwrap_err();
        prop_assert_eq!(error.code(), "SDFS_BAD_DESCRIPTOR");
    }

    #[test]
    fn any_release_with_some_bytes_changed(edits in edits()) {
        let mut json = Slot::confirmed(1).release.to_string().into_bytes();
        apply(&edits, &mut json);
        if Release::parse(&json).is_ok() {
            // What is taken has one spelling: the one that another writer gives it.
            let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
            prop_assert_eq!(value.to_string().into_bytes(), json);
        }
    }
}
