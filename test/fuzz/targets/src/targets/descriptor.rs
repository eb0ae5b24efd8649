//! A slot descriptor. Input: the slot that it is read for, then its bytes, zero up to a whole block.

use cocon_core::descriptor::{Descriptor, FileKind};
use cocon_core::format::{
    BLOCK_SIZE, DESCRIPTOR_HEADER_SIZE, EXTENT_ENTRY_SIZE, FILE_ENTRY_SIZE, descriptor as field,
    extent_entry, file_entry,
};
use cocon_core::slot::SlotEntry;
use cocon_core::{Superblock, field::Text};

use crate::allocation::within;
use crate::edit::seal;
use crate::sample::{SAMPLE, base};
use crate::target::Target;

/// All that can be read of 4 blocks: 32 files with 64 extents each, which may be the same ones.
const MEMORY: usize = 256 * 1024;

pub(crate) const TARGET: Target = Target {
    name: "descriptor",
    longest: 1 + 4 * BLOCK_SIZE,
    sample: || {
        let mut input = vec![SAMPLE.slots[0].number];
        let bytes = base("descriptor");
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
        input.extend_from_slice(&bytes[..used]);
        input
    },
    repair: |input, random| {
        if input.len() < 128 {
            return;
        }
        let (number, structure) = (input[0], &mut input[1..]);
        if random & 0x10 != 0 {
            field::SLOT.set(structure, number.into());
        }
        let crc = seal(&mut whole_blocks(structure), field::CRC);
        field::CRC.set(structure, crc);
    },
    run,
};

/// A volume as large as the format allows, so that no place is too far.
fn superblock() -> Superblock {
    Superblock {
        total_blocks: (1 << 40) - 1,
        data_end: (1 << 40) - 16,
        ..SAMPLE.superblock.clone()
    }
}

fn whole_blocks(bytes: &[u8]) -> Vec<u8> {
    let mut whole = bytes.to_vec();
    whole.resize(bytes.len().next_multiple_of(BLOCK_SIZE).max(BLOCK_SIZE), 0);
    whole
}

fn run(input: &[u8]) {
    let Some((number, bytes)) = input.split_first() else {
        return;
    };
    let bytes = whole_blocks(bytes);
    let superblock = superblock();
    // The entry names what is there: the comparison with it is one of the checks before the tables.
    let entry = SlotEntry {
        descriptor_crc: field::CRC.get(&bytes),
        ..SAMPLE.slots[0].entry
    };
    let parsed = within(MEMORY, || {
        Descriptor::parse(&bytes, &superblock, *number, &entry)
    });
    let Ok(descriptor) = parsed else {
        return;
    };
    check(&descriptor, &superblock);
    let encoded = encode(&descriptor, *number, &entry);
    let entry = SlotEntry {
        descriptor_crc: field::CRC.get(&encoded),
        ..entry
    };
    assert_eq!(
        Descriptor::parse(&encoded, &superblock, *number, &entry).as_ref(),
        Ok(&descriptor)
    );
}

/// FORMAT.md §5.4 and §5.5.
fn check(descriptor: &Descriptor, superblock: &Superblock) {
    let count = |kind| {
        descriptor
            .files
            .iter()
            .filter(|file| file.kind == kind)
            .count()
    };
    for (kind, least, most) in [
        (FileKind::ReleaseJson, 1, 1),
        (FileKind::ReleaseSig, 1, 1),
        (FileKind::Kernel, 1, 1),
        (FileKind::Initrd, 0, 1),
        (FileKind::Rootfs, 0, 1),
    ] {
        assert!((least..=most).contains(&count(kind)), "{kind:?}");
    }
    assert_eq!(count(FileKind::Rootfs), count(FileKind::Verity));
    assert!(descriptor.files.len() <= 32);
    for (index, file) in descriptor.files.iter().enumerate() {
        assert!(
            descriptor.files[..index]
                .iter()
                .all(|other| other.name != file.name)
        );
        assert!(!file.name.is_empty() && file.name.len() <= 72 && file.name.is_ascii());
        assert!((1..=64).contains(&file.extents.len()));
        let mut blocks: u128 = 0;
        for extent in &file.extents {
            blocks += u128::from(extent.blocks);
            assert!(extent.blocks > 0 && extent.start >= superblock.data_start);
            assert!(
                u128::from(extent.start) + u128::from(extent.blocks)
                    <= u128::from(superblock.data_end)
            );
        }
        assert!((1..=1 << 40).contains(&file.size));
        assert_eq!(u128::from(file.size).div_ceil(4096), blocks);
    }
}

/// The bytes of a descriptor in the layout that the slot manager writes: each file's extents behind those before it.
fn encode(descriptor: &Descriptor, number: u8, entry: &SlotEntry) -> Vec<u8> {
    let files = &descriptor.files;
    let extents: Vec<_> = files.iter().flat_map(|file| &file.extents).collect();
    let extents_at = DESCRIPTOR_HEADER_SIZE + files.len() * FILE_ENTRY_SIZE;
    let mut bytes = whole_blocks(&vec![0; extents_at + extents.len() * EXTENT_ENTRY_SIZE]);
    field::MAGIC.set(&mut bytes, *b"SDSD");
    field::VOLUME_UUID.set(&mut bytes, SAMPLE.superblock.volume_uuid.0);
    field::GENERATION.set(&mut bytes, entry.generation);
    field::SLOT.set(&mut bytes, number.into());
    field::FILE_COUNT.set(&mut bytes, files.len() as u32);
    field::EXTENT_COUNT.set(&mut bytes, extents.len() as u32);
    field::RELEASE_DIGEST.set(&mut bytes, entry.release_digest.0);
    let mut first = 0;
    for (index, file) in files.iter().enumerate() {
        let to = &mut bytes[DESCRIPTOR_HEADER_SIZE + index * FILE_ENTRY_SIZE..];
        file_entry::KIND.set(to, kind_number(file.kind));
        file_entry::NAME_LENGTH.set(to, file.name.len() as u16);
        file_entry::FIRST_EXTENT.set(to, first);
        file_entry::EXTENT_COUNT.set(to, file.extents.len() as u32);
        file_entry::SIZE.set(to, file.size);
        file_entry::SHA256.set(to, file.sha256.0);
        file_entry::NAME.set(to, *Text::<72>::cut(&file.name).as_bytes());
        first += file.extents.len() as u32;
    }
    for (index, extent) in extents.into_iter().enumerate() {
        let to = &mut bytes[extents_at + index * EXTENT_ENTRY_SIZE..];
        extent_entry::START.set(to, extent.start);
        extent_entry::BLOCKS.set(to, extent.blocks);
    }
    seal(&mut bytes, field::CRC);
    bytes
}

const fn kind_number(kind: FileKind) -> u16 {
    match kind {
        FileKind::ReleaseJson => 1,
        FileKind::ReleaseSig => 2,
        FileKind::Kernel => 3,
        FileKind::Initrd => 4,
        FileKind::DeviceTree => 5,
        FileKind::Rootfs => 6,
        FileKind::Verity => 7,
    }
}
