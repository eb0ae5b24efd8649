//! Each structure with each of its fields broken: every fault has its code (FORMAT.md §3.2, §4.6, §5.5).

mod support;

use cocon_core::format::{
    BLOCK_SIZE, descriptor, extent_entry, file_entry, record, slot_entry, superblock as field,
};
use cocon_core::superblock::Copy;
use cocon_core::{Descriptor, Error, Record, Superblock, ring};
use support::{
    Disk, GROUP_BLOCKS, Slot, TOTAL_BLOCKS, block_mut, current, disk_of, edit_descriptor,
    edit_record, edit_slot, empty_disk, put_record, seal_superblock,
};

type Edit = fn(&mut [u8]);

fn superblock_with(edit: Edit, seal: bool) -> Result<Superblock, Error> {
    let mut disk = empty_disk();
    for block in [0, TOTAL_BLOCKS - 1] {
        let bytes = block_mut(&mut disk, block);
        edit(bytes);
        if seal {
            seal_superblock(bytes);
        }
    }
    Superblock::read(&mut disk)
}

#[test]
fn superblock_read_refuses_each_field_that_is_wrong() {
    let cases: [(Edit, &str); 18] = [
        (
            |bytes| field::MAGIC.set(bytes, *b"SDFS\n\n\x1a\n"),
            "SDFS_BAD_MAGIC",
        ),
        (
            |bytes| field::VERSION.set(bytes, 2),
            "SDFS_UNSUPPORTED_VERSION",
        ),
        (
            |bytes| field::VERSION.set(bytes, 0),
            "SDFS_UNSUPPORTED_VERSION",
        ),
        (
            |bytes| field::INCOMPAT.set(bytes, 1 << 31),
            "SDFS_UNSUPPORTED_FEATURE",
        ),
        (
            |bytes| field::BLOCK_SIZE.set(bytes, 512),
            "SDFS_BAD_GEOMETRY",
        ),
        (|bytes| field::COPY.set(bytes, 2), "SDFS_BAD_GEOMETRY"),
        (
            |bytes| field::GROUP_BLOCKS.set(bytes, 0),
            "SDFS_BAD_GEOMETRY",
        ),
        (
            |bytes| field::GROUP_BLOCKS.set(bytes, 17),
            "SDFS_BAD_GEOMETRY",
        ),
        (|bytes| field::SLOT_COUNT.set(bytes, 1), "SDFS_BAD_GEOMETRY"),
        (
            |bytes| field::SLOT_COUNT.set(bytes, 17),
            "SDFS_BAD_GEOMETRY",
        ),
        (
            |bytes| field::RING_RECORDS.set(bytes, 32),
            "SDFS_BAD_GEOMETRY",
        ),
        (
            |bytes| field::TOTAL_BLOCKS.set(bytes, 0),
            "SDFS_BAD_GEOMETRY",
        ),
        (
            |bytes| field::TOTAL_BLOCKS.set(bytes, u64::MAX),
            "SDFS_BAD_GEOMETRY",
        ),
        (
            |bytes| field::RING0_BLOCK.set(bytes, 0),
            "SDFS_BAD_GEOMETRY",
        ),
        (
            |bytes| field::RING1_BLOCK.set(bytes, 16),
            "SDFS_BAD_GEOMETRY",
        ),
        (
            |bytes| field::DATA_START.set(bytes, u64::MAX),
            "SDFS_BAD_GEOMETRY",
        ),
        (
            |bytes| field::DATA_END.set(bytes, TOTAL_BLOCKS),
            "SDFS_BAD_GEOMETRY",
        ),
        (
            |bytes| {
                field::TOTAL_BLOCKS.set(bytes, TOTAL_BLOCKS + 16);
                field::DATA_END.set(bytes, (TOTAL_BLOCKS + 16) / 16 * 16);
            },
            "SDFS_TRUNCATED_DEVICE",
        ),
    ];
    for (index, (edit, code)) in cases.into_iter().enumerate() {
        assert_eq!(
            superblock_with(edit, true).unwrap_err().code(),
            code,
            "case {index}"
        );
    }
    assert_eq!(
        superblock_with(|bytes| bytes[500] = 1, false)
            .unwrap_err()
            .code(),
        "SDFS_BAD_CHECKSUM"
    );
}

#[test]
fn superblock_read_knows_compat_bits_apart() {
    assert!(
        superblock_with(|bytes| field::COMPAT.set(bytes, 1), true)
            .unwrap()
            .writable()
    );
    assert!(
        !superblock_with(|bytes| field::RO_COMPAT.set(bytes, 1), true)
            .unwrap()
            .writable()
    );
}

#[test]
fn superblock_read_takes_copy_b_when_a_fails_and_blames_the_right_one() {
    let mut disk = empty_disk();
    block_mut(&mut disk, 0).fill(0);
    assert_eq!(Superblock::read(&mut disk).unwrap().copy, Copy::B);

    let last = TOTAL_BLOCKS - 1;
    field::VERSION.set(block_mut(&mut disk, last), 2);
    assert_eq!(
        Superblock::read(&mut disk).unwrap_err().code(),
        "SDFS_BAD_MAGIC"
    );
    seal_superblock(block_mut(&mut disk, last));
    assert_eq!(
        Superblock::read(&mut disk).unwrap_err().code(),
        "SDFS_UNSUPPORTED_VERSION"
    );
    disk.bad.push(0..1);
    assert_eq!(
        Superblock::read(&mut disk).unwrap_err().code(),
        "SDFS_UNSUPPORTED_VERSION"
    );
    disk.bad.push(last * 4096..last * 4096 + 1);
    assert_eq!(
        Superblock::read(&mut disk).unwrap_err(),
        Error::Io { offset: 0 }
    );
}

#[test]
fn superblock_read_takes_a_volume_smaller_than_its_device_and_refuses_one_cut_short() {
    let whole = empty_disk();
    let mut grown = whole.clone();
    grown.bytes.extend([0; 3 * BLOCK_SIZE + 512]);
    assert_eq!(Superblock::read(&mut grown).unwrap().copy, Copy::A);
    for blocks in 0..TOTAL_BLOCKS {
        let mut cut = whole.clone();
        cut.bytes.truncate(blocks as usize * BLOCK_SIZE + 4095);
        let code = if blocks < 2 {
            "SDFS_TOO_SMALL"
        } else {
            "SDFS_TRUNCATED_DEVICE"
        };
        assert_eq!(
            Superblock::read(&mut cut).unwrap_err().code(),
            code,
            "{blocks} blocks"
        );
    }
}

#[test]
fn every_structure_cut_at_every_length_is_refused() {
    let mut disk = disk_of(&[Slot::confirmed(1)]);
    let superblock = Superblock::read(&mut disk).unwrap();
    let record = current(&mut disk);
    let place = ring::position(record.sequence(), &superblock);
    let entry = record.slots()[0];
    let descriptor = block_mut(&mut disk, entry.descriptor_block).to_vec();
    for length in 0..BLOCK_SIZE {
        if length < 512 {
            assert!(Superblock::parse(&disk.bytes[..length], Copy::A, TOTAL_BLOCKS).is_err());
        }
        assert!(Record::parse(&record.as_bytes()[..length], place, &superblock).is_err());
        let cut = Descriptor::parse(&descriptor[..length], &superblock, 0, &entry);
        assert!(cut.is_err(), "{length} bytes of a descriptor");
    }
}

#[test]
fn record_parse_refuses_each_field_that_is_wrong() {
    let cases: [(Edit, &str); 8] = [
        (|bytes| record::MAGIC.set(bytes, *b"SDBr"), "SDFS_BAD_MAGIC"),
        (
            |bytes| record::VOLUME_UUID.set(bytes, [1; 16]),
            "SDFS_WRONG_VOLUME",
        ),
        (
            |bytes| slot_entry::STATE.set(&mut bytes[128..], 4),
            "SDFS_BAD_SLOT_ENTRY",
        ),
        (
            |bytes| slot_entry::DESCRIPTOR_BLOCKS.set(&mut bytes[128..], 0),
            "SDFS_BAD_SLOT_ENTRY",
        ),
        (
            |bytes| slot_entry::DESCRIPTOR_BLOCKS.set(&mut bytes[128..], 5),
            "SDFS_BAD_SLOT_ENTRY",
        ),
        (
            |bytes| slot_entry::DESCRIPTOR_BLOCK.set(&mut bytes[128..], u64::MAX),
            "SDFS_BAD_SLOT_ENTRY",
        ),
        (
            |bytes| slot_entry::DESCRIPTOR_BLOCK.set(&mut bytes[128..], 12 * 16),
            "SDFS_BAD_SLOT_ENTRY",
        ),
        (
            |bytes| slot_entry::ATTEMPTS_LEFT.set(&mut bytes[128..], 4),
            "SDFS_BAD_SLOT_ENTRY",
        ),
    ];
    let mut disk = disk_of(&[Slot::confirmed(1)]);
    let superblock = Superblock::read(&mut disk).unwrap();
    for (index, (edit, code)) in cases.into_iter().enumerate() {
        let mut edited = disk.clone();
        let sequence = current(&mut edited).sequence() + 1;
        let place = ring::position(sequence, &superblock);
        edit_record(&mut edited, edit);
        let bytes = block_mut(&mut edited, place).to_vec();
        let error = Record::parse(&bytes, place, &superblock).unwrap_err();
        assert_eq!(error.code(), code, "case {index}");
        assert_eq!(
            current(&mut edited).sequence(),
            sequence - 1,
            "the record before it counts"
        );
    }
    let record = current(&mut disk);
    let place = ring::position(record.sequence(), &superblock);
    let error = Record::parse(record.as_bytes(), place + 1, &superblock).unwrap_err();
    assert_eq!(error.code(), "SDFS_MISPLACED_RECORD");
}

#[test]
fn an_empty_slot_and_entries_beyond_the_slots_have_no_meaning() {
    let mut disk = disk_of(&[Slot::confirmed(1)]);
    edit_slot(&mut disk, 1, |entry| entry[1..].fill(0xff));
    edit_slot(&mut disk, 3, |entry| entry.fill(0xff));
    assert_eq!(current(&mut disk).slots().len(), 3);
}

#[test]
fn the_newest_record_counts_also_where_the_sequence_wraps() {
    let mut disk = empty_disk();
    let superblock = Superblock::read(&mut disk).unwrap();
    let bytes = current(&mut disk).as_bytes().to_vec();
    block_mut(&mut disk, ring::position(40, &superblock)).fill(0);
    for sequence in [u64::MAX - 2, u64::MAX - 1, u64::MAX, 0, 1] {
        put_record(&mut disk, &superblock, bytes.clone(), sequence);
        assert_eq!(current(&mut disk).sequence(), sequence);
    }
    let record = current(&mut disk);
    let next = ring::write_next(&mut disk, &superblock, &record, 7).unwrap();
    assert_eq!((next.sequence(), next.time()), (2, 7));
    assert_eq!(current(&mut disk), next);
}

#[test]
fn a_lost_ring_leaves_the_record_before() {
    for ring in 0..2 {
        let mut disk = disk_of(&[Slot::confirmed(1)]);
        let sequence = current(&mut disk).sequence();
        let first = u64::from(GROUP_BLOCKS) * (1 + ring);
        for unreadable in [false, true] {
            let mut lost = disk.clone();
            if unreadable {
                lost.bad.push(first * 4096..(first + 16) * 4096);
            } else {
                (first..first + 16).for_each(|block| block_mut(&mut lost, block).fill(0xff));
            }
            let expected = if sequence % 2 == ring {
                sequence - 1
            } else {
                sequence
            };
            assert_eq!(current(&mut lost).sequence(), expected);
        }
    }
    let mut blank = empty_disk();
    blank.bytes[16 * 4096..48 * 4096].fill(0);
    let superblock = Superblock::read(&mut blank).unwrap();
    assert_eq!(
        ring::current(&mut blank, &superblock).unwrap_err(),
        Error::NoRecord
    );
}

#[test]
fn one_bad_sector_does_not_hide_the_other_records_of_its_ring() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::confirmed(2)]);
    let sequence = current(&mut disk).sequence();
    let superblock = Superblock::read(&mut disk).unwrap();
    let other = ring::position(sequence - 2, &superblock);
    disk.bad.push(other * 4096..other * 4096 + 512);
    assert_eq!(current(&mut disk).sequence(), sequence);
}

#[test]
fn write_next_fails_when_neither_ring_takes_it_and_the_record_before_counts() {
    let mut disk = disk_of(&[Slot::confirmed(1)]);
    let superblock = Superblock::read(&mut disk).unwrap();
    let record = current(&mut disk);
    disk.lost_writes = 2;
    let error = ring::write_next(&mut disk, &superblock, &record, 0).unwrap_err();
    assert_eq!(error.code(), "SDFS_IO");
    assert_eq!(current(&mut disk), record);
    disk.read_only = true;
    assert_eq!(
        ring::write_next(&mut disk, &superblock, &record, 0).unwrap_err(),
        Error::ReadOnly
    );
}

#[test]
fn descriptor_parse_refuses_each_field_that_is_wrong() {
    fn kernel(bytes: &mut [u8]) -> &mut [u8] {
        &mut bytes[128 + 2 * 128..]
    }
    fn extent(bytes: &mut [u8]) -> &mut [u8] {
        &mut bytes[128 + 6 * 128 + 2 * 16..]
    }
    let cases: [(Edit, &str); 24] = [
        (
            |bytes| descriptor::MAGIC.set(bytes, *b"SDSd"),
            "SDFS_BAD_MAGIC",
        ),
        (
            |bytes| descriptor::VOLUME_UUID.set(bytes, [1; 16]),
            "SDFS_WRONG_VOLUME",
        ),
        (
            |bytes| descriptor::SLOT.set(bytes, 1),
            "SDFS_DESCRIPTOR_MISMATCH",
        ),
        (
            |bytes| descriptor::GENERATION.set(bytes, 9),
            "SDFS_DESCRIPTOR_MISMATCH",
        ),
        (
            |bytes| descriptor::RELEASE_DIGEST.set(bytes, [1; 32]),
            "SDFS_DESCRIPTOR_MISMATCH",
        ),
        (
            |bytes| descriptor::FILE_COUNT.set(bytes, 0),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| descriptor::FILE_COUNT.set(bytes, 33),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| descriptor::FILE_COUNT.set(bytes, 32),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| descriptor::FILE_COUNT.set(bytes, 5),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| descriptor::EXTENT_COUNT.set(bytes, u32::MAX),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| descriptor::EXTENT_COUNT.set(bytes, 5),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| file_entry::KIND.set(kernel(bytes), 8),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| file_entry::KIND.set(kernel(bytes), 4),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| file_entry::NAME_LENGTH.set(kernel(bytes), 0),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| file_entry::NAME_LENGTH.set(kernel(bytes), 73),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (|bytes| kernel(bytes)[56] = 0xff, "SDFS_BAD_DESCRIPTOR"),
        (|bytes| kernel(bytes)[56] = b' ', "SDFS_BAD_DESCRIPTOR"),
        (
            |bytes| file_entry::EXTENT_COUNT.set(kernel(bytes), 0),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| file_entry::FIRST_EXTENT.set(kernel(bytes), u32::MAX),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| file_entry::SIZE.set(kernel(bytes), 0),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| file_entry::SIZE.set(kernel(bytes), u64::MAX),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| extent_entry::BLOCKS.set(extent(bytes), 0),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| extent_entry::BLOCKS.set(extent(bytes), 4),
            "SDFS_BAD_DESCRIPTOR",
        ),
        (
            |bytes| extent_entry::START.set(extent(bytes), u64::MAX),
            "SDFS_BAD_DESCRIPTOR",
        ),
    ];
    let disk = disk_of(&[Slot::confirmed(1)]);
    let read = |disk: &mut Disk| {
        let superblock = Superblock::read(disk).unwrap();
        let entry = current(disk).slots()[0];
        Descriptor::read(disk, &superblock, 0, &entry)
    };
    assert_eq!(read(&mut disk.clone()).unwrap().files.len(), 6);
    for (index, (edit, code)) in cases.into_iter().enumerate() {
        let mut edited = disk.clone();
        edit_descriptor(&mut edited, 0, edit);
        assert_eq!(read(&mut edited).unwrap_err().code(), code, "case {index}");
    }
    let mut edited = disk.clone();
    edit_slot(&mut edited, 0, |entry| {
        slot_entry::DESCRIPTOR_CRC.set(entry, 1)
    });
    assert_eq!(
        read(&mut edited).unwrap_err().code(),
        "SDFS_DESCRIPTOR_MISMATCH"
    );
}
