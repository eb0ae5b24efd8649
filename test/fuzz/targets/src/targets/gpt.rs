//! A GUID Partition Table. Input: u8 sector size (even: 512, odd: 4096), u64 sectors of the disk, then its bytes, zero
//! where the input ends.

use cocon_core::Uuid;
use cocon_core::crc::checksum;
use cocon_core::field::{Bytes, U32, U64};
use cocon_core::gpt::{SDFS_PARTITION_TYPE, find_partitions};

use crate::allocation::within;
use crate::edit::seal;
use crate::target::Target;

const HEADER: usize = 9;
const SECTOR: usize = 512;
/// Sectors of the sample: protective MBR, both tables with one sector of entries each, and two for a partition.
const SECTORS: u64 = 7;
/// The largest table that is read, with a sector more than it and what is found in it.
const MEMORY: usize = (1 << 20) + 2 * 4096 + 8192 * 64;

const SIGNATURE: Bytes<8> = Bytes(0);
const HEADER_SIZE: U32 = U32(12);
const HEADER_CRC: U32 = U32(16);
const MY_LBA: U64 = U64(24);
const ENTRIES_LBA: U64 = U64(72);
const ENTRY_COUNT: U32 = U32(80);
const ENTRY_SIZE: U32 = U32(84);
const ENTRIES_CRC: U32 = U32(88);

pub(crate) const TARGET: Target = Target {
    name: "gpt",
    longest: HEADER + 9 * SECTOR,
    sample,
    repair: |input, _| {
        let Some((header, disk)) = input.split_at_mut_checked(HEADER) else {
            return;
        };
        let (sector_size, count) = shape(header);
        repair(disk, sector_size, 1);
        repair(disk, sector_size, count.saturating_sub(1));
    },
    run,
};

fn shape(header: &[u8]) -> (usize, u64) {
    let sector_size = if header[0].is_multiple_of(2) {
        SECTOR
    } else {
        4096
    };
    (sector_size, U64(1).get(header))
}

fn sample() -> Vec<u8> {
    let mut input = vec![0];
    input.extend(SECTORS.to_le_bytes());
    let mut disk = vec![0; SECTORS as usize * SECTOR];
    for (place, entries) in [(1, 2), (SECTORS - 1, SECTORS - 2)] {
        let header = &mut disk[place as usize * SECTOR..];
        SIGNATURE.set(header, *b"EFI PART");
        HEADER_SIZE.set(header, 92);
        MY_LBA.set(header, place);
        ENTRIES_LBA.set(header, entries);
        ENTRY_COUNT.set(header, 4);
        ENTRY_SIZE.set(header, 128);
        let entry = &mut disk[entries as usize * SECTOR..];
        // Swapping is its own inverse.
        Bytes(0).set(entry, Uuid::from_gpt(SDFS_PARTITION_TYPE.0).0);
        Bytes(16).set(entry, *b"a partition uuid");
        U64(32).set(entry, 3);
        U64(40).set(entry, 4);
        repair(&mut disk, SECTOR, place);
    }
    input.extend(disk);
    input
}

/// Puts the CRCs of the table at sector `place` right, if it and its entries lie within the input.
fn repair(disk: &mut [u8], sector_size: usize, place: u64) {
    let at = |sector: u64| usize::try_from(sector).ok()?.checked_mul(sector_size);
    let Some(header_at) = at(place).filter(|at| at + 92 <= disk.len()) else {
        return;
    };
    let header = &disk[header_at..];
    let length = (ENTRY_COUNT.get(header) as usize).checked_mul(ENTRY_SIZE.get(header) as usize);
    let entries =
        at(ENTRIES_LBA.get(header)).and_then(|from| disk.get(from..from.checked_add(length?)?));
    let entries_crc = entries.map(checksum);
    let header = &mut disk[header_at..];
    if let Some(crc) = entries_crc {
        ENTRIES_CRC.set(header, crc);
    }
    let size = HEADER_SIZE.get(header) as usize;
    if let Some(header) = header.get_mut(..size).filter(|_| size >= 92) {
        seal(header, HEADER_CRC);
    }
}

fn run(input: &[u8]) {
    let Some((header, disk)) = input.split_at_checked(HEADER) else {
        return;
    };
    let (sector_size, count) = shape(header);
    let mut bytes_read = 0;
    let read = |sector: u64, into: &mut [u8]| {
        assert!(!into.is_empty() && into.len().is_multiple_of(sector_size));
        let sectors = (into.len() / sector_size) as u64;
        assert!(
            sector.checked_add(sectors).is_some_and(|end| end <= count),
            "{sectors} sectors at {sector} of {count}"
        );
        bytes_read += into.len();
        fill(disk, u128::from(sector) * sector_size as u128, into);
        // Some disks have a sector that cannot be read.
        header[0] >> 1 == 0 || sector != u64::from(header[0] >> 1)
    };
    let found = within(MEMORY, || {
        find_partitions(SDFS_PARTITION_TYPE, sector_size, count, read)
            .map_or_else(|_| Vec::new(), |found| found.partitions)
    });
    assert!(
        bytes_read <= 2 * ((1 << 20) + 2 * sector_size),
        "{bytes_read} bytes read"
    );
    for partition in &found {
        assert!(partition.first_sector < count && partition.sectors > 0 && partition.number > 0);
        assert!(
            partition
                .first_sector
                .checked_add(partition.sectors - 1)
                .is_some()
        );
    }
    let numbers: Vec<u32> = found.iter().map(|each| each.number).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next));
}

fn fill(disk: &[u8], at: u128, into: &mut [u8]) {
    into.fill(0);
    let rest = usize::try_from(at)
        .ok()
        .and_then(|at| disk.get(at..))
        .unwrap_or_default();
    let length = rest.len().min(into.len());
    into[..length].copy_from_slice(&rest[..length]);
}
