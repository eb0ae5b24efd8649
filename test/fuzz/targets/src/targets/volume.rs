//! A whole volume, read as the loader and every tool read it. Input: a recipe.

use cocon_core::{Descriptor, Error, Superblock, ring};

use crate::allocation::within;
use crate::disk::Disk;
use crate::recipe::{self, Recipe};
use crate::target::{Target, as_it_is};

/// The longest ring, all records of it, and a descriptor.
const MEMORY: usize = 3 << 20;
/// Both rings block by block, superblocks and descriptors.
const READS: usize = 2 * 256 + 2 + 2 + 16;

pub(crate) const TARGET: Target = Target {
    name: "volume",
    longest: recipe::LONGEST,
    sample: recipe::sample_input,
    repair: as_it_is,
    run,
};

fn run(input: &[u8]) {
    let mut disk = Recipe::new(input).disk;
    within(MEMORY, || {
        // The code is the outcome.
        let _: Result<(), Error> = read(&mut disk);
    });
    assert!(
        disk.reads <= READS && disk.writes.is_empty(),
        "reading is all that is done"
    );
}

fn read(disk: &mut Disk) -> Result<(), Error> {
    let superblock = Superblock::read(disk)?;
    assert!(superblock.total_blocks * 4096 <= disk.size);
    let record = ring::current(disk, &superblock)?;
    let [ring0, ring1] = superblock.ring_blocks;
    let place = ring::position(record.sequence(), &superblock);
    let ring = if record.sequence().is_multiple_of(2) {
        ring0
    } else {
        ring1
    };
    assert!((ring..ring + u64::from(superblock.ring_records)).contains(&place));
    assert_eq!(disk.block(place as usize), record.as_bytes());
    for (number, entry) in (0..).zip(record.slots()) {
        if !entry.holds_release() {
            continue;
        }
        assert!(superblock.holds_data(entry.descriptor_block, entry.descriptor_blocks.into()));
        assert!(entry.attempts_left <= entry.attempts_total);
        if let Ok(descriptor) = Descriptor::read(disk, &superblock, number, entry) {
            for extent in descriptor.files.iter().flat_map(|file| &file.extents) {
                assert!(superblock.holds_data(extent.start, extent.blocks.into()));
            }
        }
    }
    Ok(())
}
