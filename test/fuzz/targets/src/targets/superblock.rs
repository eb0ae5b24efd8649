//! One copy of a superblock. Input: which copy (even: A), u64 blocks of the device, then the 512 bytes.

use cocon_core::Superblock;
use cocon_core::field::U64;
use cocon_core::format::{self, SUPERBLOCK_SIZE, superblock as field};
use cocon_core::superblock::Copy;

use crate::allocation::within;
use crate::edit::seal;
use crate::sample::base;
use crate::target::Target;

const HEADER: usize = 9;

pub(crate) const TARGET: Target = Target {
    name: "superblock",
    longest: HEADER + SUPERBLOCK_SIZE,
    sample: || {
        let mut input = vec![0, 0, 1, 0, 0, 0, 0, 0, 0];
        input.extend(base("superblock"));
        input
    },
    repair: |input, _| {
        if let Some(structure) = input.get_mut(HEADER..).filter(|rest| !rest.is_empty()) {
            seal(structure, field::CRC);
        }
    },
    run,
};

fn run(input: &[u8]) {
    let Some((header, bytes)) = input.split_at_checked(HEADER) else {
        return;
    };
    let copy = if header[0].is_multiple_of(2) {
        Copy::A
    } else {
        Copy::B
    };
    let device_blocks = U64(1).get(header);
    let Ok(superblock) = within(0, || Superblock::parse(bytes, copy, device_blocks)) else {
        return;
    };
    assert_eq!(encode(&superblock, bytes), bytes[..SUPERBLOCK_SIZE]);
    check_layout(&superblock, device_blocks);
}

/// The bytes of a superblock, those that are reserved taken from `old`.
fn encode(superblock: &Superblock, old: &[u8]) -> Vec<u8> {
    let Superblock {
        volume_uuid,
        compat,
        ro_compat,
        copy,
        total_blocks,
        group_blocks,
        slot_count,
        ring_blocks: [ring0, ring1],
        ring_records,
        data_start,
        data_end,
        label,
    } = superblock;
    let mut bytes = vec![0; 136];
    bytes.extend_from_slice(&old[136..SUPERBLOCK_SIZE]);
    let to = &mut bytes;
    field::MAGIC.set(to, format::SUPERBLOCK_MAGIC);
    field::VERSION.set(to, format::FORMAT_VERSION);
    field::VOLUME_UUID.set(to, volume_uuid.0);
    field::COMPAT.set(to, *compat);
    field::RO_COMPAT.set(to, *ro_compat);
    field::COPY.set(to, u32::from(*copy == Copy::B));
    field::TOTAL_BLOCKS.set(to, *total_blocks);
    field::GROUP_BLOCKS.set(to, *group_blocks);
    field::SLOT_COUNT.set(to, (*slot_count).into());
    field::RING0_BLOCK.set(to, *ring0);
    field::RING1_BLOCK.set(to, *ring1);
    field::RING_RECORDS.set(to, *ring_records);
    field::BLOCK_SIZE.set(to, 4096);
    field::DATA_START.set(to, *data_start);
    field::DATA_END.set(to, *data_end);
    field::LABEL.set(to, *label);
    seal(to, field::CRC);
    bytes
}

/// FORMAT.md §2: what must survive shares no erase group with what is written later, and each slot has room.
fn check_layout(superblock: &Superblock, device_blocks: u64) {
    let group = u64::from(superblock.group_blocks);
    let group_of = |block: u64| block / group;
    let [ring0, ring1] = superblock.ring_blocks;
    let last_of = |ring: u64| ring + u64::from(superblock.ring_records) - 1;
    let groups = [
        0,
        group_of(ring0),
        group_of(ring1),
        group_of(superblock.data_start),
        group_of(superblock.data_end - 1),
        group_of(superblock.total_blocks - 1),
    ];
    assert!(
        groups.is_sorted_by(|one, next| one < next),
        "groups {groups:?}"
    );
    assert_eq!(group_of(last_of(ring0)), group_of(ring0));
    assert_eq!(group_of(last_of(ring1)), group_of(ring1));
    assert!(superblock.total_blocks <= device_blocks && superblock.total_blocks < 1 << 40);
    let data_groups = (superblock.data_end - superblock.data_start) / group;
    assert!(
        data_groups >= superblock.slot_count.into() && (2..=16).contains(&superblock.slot_count)
    );
}
