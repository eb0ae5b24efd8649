//! Finds the partitions of a type in a GUID Partition Table (UEFI 2.10 §5.3).
//!
//! It reads what a boot loader needs and no more: no protective MBR, no names, no attributes. It never writes: a
//! damaged table is left to tools that can ask a person.

use alloc::vec;
use alloc::vec::Vec;

use crate::crc::{checksum, structure_crc};
use crate::field::{Bytes, U32, U64};
use crate::uuid::Uuid;

/// The partition type of an SDFS volume: `c0c05df5-5d2b-4f3c-9a5e-7d1f4e0a6b21` (FORMAT.md §12).
pub const SDFS_PARTITION_TYPE: Uuid =
    Uuid(0xc0c0_5df5_5d2b_4f3c_9a5e_7d1f_4e0a_6b21_u128.to_be_bytes());

const SIGNATURE: Bytes<8> = Bytes(0);
const HEADER_SIZE: U32 = U32(12);
const HEADER_CRC: U32 = U32(16);
const MY_LBA: U64 = U64(24);
const FIRST_USABLE: U64 = U64(40);
const LAST_USABLE: U64 = U64(48);
const ENTRIES_LBA: U64 = U64(72);
const ENTRY_COUNT: U32 = U32(80);
const ENTRY_SIZE: U32 = U32(84);
const ENTRIES_CRC: U32 = U32(88);
const MIN_HEADER_SIZE: usize = 92;
/// The only one that Linux takes; UEFI allows multiples by powers of two.
const ENTRY_BYTES: usize = 128;
/// Largest entry array that is read, in bytes. Usual are 16 KiB.
const MAX_ENTRIES_SIZE: usize = 1 << 20;

const ENTRY_TYPE: Bytes<16> = Bytes(0);
const ENTRY_UUID: Bytes<16> = Bytes(16);
const ENTRY_FIRST_LBA: U64 = U64(32);
const ENTRY_LAST_LBA: U64 = U64(40);

/// Why a disk has no partition table that Linux takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFault {
    /// Neither the primary nor the backup is whole.
    Missing,
    /// A table is whole, but counts on sectors that the disk does not have: an image was cut short, or written to a disk
    /// that is too small for it.
    Truncated {
        /// Sectors that the disk has at least, by the table.
        expected: u64,
        /// Sectors that it has.
        actual: u64,
    },
}

/// A partition of the wanted type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number, from 1, as firmware and Linux count.
    pub number: u32,
    /// Its own UUID.
    pub uuid: Uuid,
    /// First sector.
    pub first_sector: u64,
    /// Number of sectors, at least 1. All of them lie on the disk.
    pub sectors: u64,
}

/// Which of a disk's two tables was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableCopy {
    /// The one in sector 1.
    Primary,
    /// The one in the last sector: the primary cannot be used.
    Backup,
}

impl TableCopy {
    /// The copy of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "primary" => Some(Self::Primary),
            "backup" => Some(Self::Backup),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Backup => "backup",
        }
    }
}

/// What a disk's partition table says of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPartitions {
    /// The table that says so.
    pub table: TableCopy,
    /// In the order of the table.
    pub partitions: Vec<Partition>,
}

/// Finds the partitions of one type (FORMAT.md §12).
///
/// The primary table counts if it passes the tests of UEFI 2.10 §5.3.2 and those that Linux adds, else the backup in the
/// last sector. A partition that reaches beyond the disk is passed over, as Linux does. `sector_size` is in bytes, a power
/// of two from 512 to 4096; `sector_count` is the size of the disk. `read` fills a buffer of whole sectors from a sector
/// on, and tells whether it could.
///
/// # Errors
/// [`TableFault`] when neither table can be used.
pub fn find_partitions(
    partition_type: Uuid,
    sector_size: usize,
    sector_count: u64,
    mut read: impl FnMut(u64, &mut [u8]) -> bool,
) -> Result<FoundPartitions, TableFault> {
    let last_sector = sector_count.saturating_sub(1);
    let mut fault = TableFault::Missing;
    let (copy, table) = [(TableCopy::Primary, 1), (TableCopy::Backup, last_sector)]
        .into_iter()
        .find_map(|(copy, place)| {
            let table = read_table(place, sector_size, sector_count, &mut read)?;
            if table.last_usable <= last_sector {
                return Some((copy, table));
            }
            if fault == TableFault::Missing {
                fault = TableFault::Truncated {
                    expected: table.last_usable.saturating_add(1),
                    actual: sector_count,
                };
            }
            None
        })
        .ok_or(fault)?;
    let entries = table.entries.chunks_exact(ENTRY_BYTES).zip(1..);
    let partitions = entries
        .filter(|(entry, _)| Uuid::from_gpt(ENTRY_TYPE.get(entry)) == partition_type)
        .filter_map(|(entry, number)| partition(entry, number))
        .filter(|partition| {
            partition.sectors <= sector_count.saturating_sub(partition.first_sector)
        })
        .collect();
    Ok(FoundPartitions {
        table: copy,
        partitions,
    })
}

/// The entries of a table whose checksums hold.
struct Table {
    entries: Vec<u8>,
    /// Last sector that a partition may have.
    last_usable: u64,
}

fn read_table(
    place: u64,
    sector_size: usize,
    sector_count: u64,
    read: &mut impl FnMut(u64, &mut [u8]) -> bool,
) -> Option<Table> {
    let mut sector = vec![0; sector_size];
    // Sector 0 is the protective MBR, also of a disk that ends with it.
    if place == 0
        || place >= sector_count
        || !read(place, &mut sector)
        || SIGNATURE.get(&sector) != *b"EFI PART"
    {
        return None;
    }
    let header = sector.get(..usize::try_from(HEADER_SIZE.get(&sector)).ok()?)?;
    if header.len() < MIN_HEADER_SIZE
        || structure_crc(header, HEADER_CRC) != HEADER_CRC.get(header)
        || MY_LBA.get(header) != place
        || LAST_USABLE.get(header) < FIRST_USABLE.get(header)
    {
        return None;
    }
    let entry_size = usize::try_from(ENTRY_SIZE.get(header)).ok()?;
    let size = usize::try_from(ENTRY_COUNT.get(header))
        .ok()?
        .checked_mul(entry_size)?;
    if entry_size != ENTRY_BYTES || size > MAX_ENTRIES_SIZE {
        return None;
    }
    let sectors = size.div_ceil(sector_size);
    let first = ENTRIES_LBA.get(header);
    if first.checked_add(u64::try_from(sectors).ok()?)? > sector_count {
        return None;
    }
    let mut entries = vec![0; sectors.checked_mul(sector_size)?];
    // A table without entries is one; firmware may refuse a request for nothing.
    if sectors > 0 && !read(first, &mut entries) {
        return None;
    }
    entries.truncate(size);
    (checksum(&entries) == ENTRIES_CRC.get(header)).then_some(Table {
        entries,
        last_usable: LAST_USABLE.get(header),
    })
}

fn partition(entry: &[u8], number: u32) -> Option<Partition> {
    let first_sector = ENTRY_FIRST_LBA.get(entry);
    let distance = ENTRY_LAST_LBA.get(entry).checked_sub(first_sector)?;
    let uuid = Uuid::from_gpt(ENTRY_UUID.get(entry));
    Some(Partition {
        number,
        uuid,
        first_sector,
        sectors: distance.checked_add(1)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::PARTITION_TYPE;

    const OTHER_TYPE: Uuid = Uuid([7; 16]);
    const SECTORS: u64 = 1024;

    /// A disk in memory with both tables, whose entries are (type, first sector, last sector).
    fn disk(sector_size: usize, partitions: &[(Uuid, u64, u64)]) -> Vec<u8> {
        let mut entries = vec![0; 128 * 128];
        for (entry, (number, (kind, first, last))) in
            entries.chunks_mut(128).zip((1..).zip(partitions))
        {
            // `from_gpt` swaps, so it is its own inverse.
            ENTRY_TYPE.set(entry, Uuid::from_gpt(kind.0).0);
            ENTRY_UUID.set(entry, [number; 16]);
            ENTRY_FIRST_LBA.set(entry, *first);
            ENTRY_LAST_LBA.set(entry, *last);
        }
        let entry_sectors = (entries.len() / sector_size) as u64;
        let mut disk = vec![0; sector_size * SECTORS as usize];
        for (place, entries_at) in [(1, 2), (SECTORS - 1, SECTORS - 1 - entry_sectors)] {
            let mut header = [0; MIN_HEADER_SIZE];
            SIGNATURE.set(&mut header, *b"EFI PART");
            HEADER_SIZE.set(&mut header, MIN_HEADER_SIZE as u32);
            MY_LBA.set(&mut header, place);
            ENTRIES_LBA.set(&mut header, entries_at);
            ENTRY_COUNT.set(&mut header, 128);
            ENTRY_SIZE.set(&mut header, 128);
            FIRST_USABLE.set(&mut header, 2 + entry_sectors);
            LAST_USABLE.set(&mut header, SECTORS - 2 - entry_sectors);
            ENTRIES_CRC.set(&mut header, checksum(&entries));
            let crc = structure_crc(&header, HEADER_CRC);
            HEADER_CRC.set(&mut header, crc);
            put(&mut disk, place as usize * sector_size, &header);
            put(&mut disk, entries_at as usize * sector_size, &entries);
        }
        disk
    }

    fn put(disk: &mut [u8], at: usize, bytes: &[u8]) {
        disk[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn find(disk: &[u8], sector_size: usize) -> Result<FoundPartitions, TableFault> {
        find_partitions(
            SDFS_PARTITION_TYPE,
            sector_size,
            (disk.len() / sector_size) as u64,
            |sector, into| {
                let at = sector as usize * sector_size;
                into.copy_from_slice(&disk[at..at + into.len()]);
                true
            },
        )
    }

    fn numbers(disk: &[u8]) -> Vec<u32> {
        find(disk, 512)
            .unwrap()
            .partitions
            .iter()
            .map(|partition| partition.number)
            .collect()
    }

    #[test]
    fn sdfs_partition_type_is_that_of_the_format() {
        assert_eq!(Uuid::parse(PARTITION_TYPE), Some(SDFS_PARTITION_TYPE));
    }

    #[test]
    fn find_partitions_gives_those_of_the_type_in_table_order() {
        let entries = [
            (SDFS_PARTITION_TYPE, 300, 399),
            (OTHER_TYPE, 100, 199),
            (SDFS_PARTITION_TYPE, 200, 200),
        ];
        for sector_size in [512, 4096] {
            let found = find(&disk(sector_size, &entries), sector_size).unwrap();
            assert_eq!(found.table, TableCopy::Primary);
            assert_eq!(
                found.partitions,
                [
                    Partition {
                        number: 1,
                        uuid: Uuid([1; 16]),
                        first_sector: 300,
                        sectors: 100
                    },
                    Partition {
                        number: 3,
                        uuid: Uuid([3; 16]),
                        first_sector: 200,
                        sectors: 1
                    },
                ]
            );
        }
    }

    #[test]
    fn find_partitions_falls_back_on_the_backup_for_each_damaged_byte() {
        let whole = disk(512, &[(SDFS_PARTITION_TYPE, 300, 399)]);
        for at in (512..512 + MIN_HEADER_SIZE).chain(1024..1024 + 256) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            assert_eq!(numbers(&damaged), [1], "byte {at}");
            assert_eq!(
                find(&damaged, 512).unwrap().table,
                TableCopy::Backup,
                "byte {at}"
            );
            let backup = damaged.len() - 512;
            damaged[backup + 90] ^= 1;
            assert_eq!(
                find(&damaged, 512),
                Err(TableFault::Missing),
                "byte {at} and the backup"
            );
        }
    }

    #[test]
    fn find_partitions_passes_over_entries_off_the_disk() {
        let entries = [
            (SDFS_PARTITION_TYPE, SECTORS, SECTORS + 1),
            (SDFS_PARTITION_TYPE, 400, 399),
            (SDFS_PARTITION_TYPE, 0, u64::MAX),
            (SDFS_PARTITION_TYPE, 400, SECTORS),
            (SDFS_PARTITION_TYPE, 400, SECTORS - 1),
        ];
        assert_eq!(numbers(&disk(512, &entries)), [5]);
    }

    #[test]
    fn find_partitions_passes_over_a_table_that_names_another_place() {
        let mut disk = disk(512, &[(SDFS_PARTITION_TYPE, 300, 399)]);
        for (place, named) in [(1, SECTORS - 1), (SECTORS - 1, 1)] {
            assert_eq!(numbers(&disk), [1], "before sector {place}");
            let header = &mut disk[place as usize * 512..][..MIN_HEADER_SIZE];
            MY_LBA.set(header, named);
            let crc = structure_crc(header, HEADER_CRC);
            HEADER_CRC.set(header, crc);
        }
        assert_eq!(find(&disk, 512), Err(TableFault::Missing));
    }

    /// Changes a field of the header in sector `place`, and puts its checksum right.
    fn edit(disk: &mut [u8], place: u64, field: U64, value: u64) {
        let header = &mut disk[place as usize * 512..][..MIN_HEADER_SIZE];
        field.set(header, value);
        let crc = structure_crc(header, HEADER_CRC);
        HEADER_CRC.set(header, crc);
    }

    #[test]
    fn find_partitions_takes_no_table_that_counts_on_sectors_beyond_the_disk_as_linux_does() {
        let whole = disk(512, &[(SDFS_PARTITION_TYPE, 300, 399)]);
        let entry_sectors = 32;
        // Cut behind the last usable sector there is one table less, before it there is none that Linux takes.
        let usable = (SECTORS - 1 - entry_sectors) as usize * 512;
        assert_eq!(numbers(&whole[..usable]), [1]);
        assert_eq!(
            find(&whole[..usable - 512], 512),
            Err(TableFault::Truncated {
                expected: SECTORS - 1 - entry_sectors,
                actual: SECTORS - 2 - entry_sectors
            })
        );
        // The backup fits: somebody was about to make the table smaller, and has not got to the primary.
        let mut half = whole.clone();
        edit(&mut half, 1, LAST_USABLE, SECTORS);
        assert_eq!(find(&half, 512).unwrap().table, TableCopy::Backup);
        edit(&mut half, SECTORS - 1, LAST_USABLE, SECTORS + 7);
        assert_eq!(
            find(&half, 512),
            Err(TableFault::Truncated {
                expected: SECTORS + 1,
                actual: SECTORS
            })
        );
    }

    #[test]
    fn find_partitions_passes_over_a_table_without_usable_sectors() {
        let mut disk = disk(512, &[(SDFS_PARTITION_TYPE, 300, 399)]);
        edit(&mut disk, 1, FIRST_USABLE, SECTORS - 1);
        assert_eq!(find(&disk, 512).unwrap().table, TableCopy::Backup);
    }

    #[test]
    fn find_partitions_refuses_a_disk_without_a_table() {
        assert_eq!(find(&[], 512), Err(TableFault::Missing));
        assert_eq!(find(&[0; 512], 512), Err(TableFault::Missing));
        // A table that says to lie in sector 0, the first and last of its disk.
        let mut one = disk(512, &[]);
        one.copy_within(512..1024, 0);
        one.truncate(512);
        let header = &mut one[..MIN_HEADER_SIZE];
        MY_LBA.set(header, 0);
        ENTRIES_LBA.set(header, 0);
        ENTRY_COUNT.set(header, 0);
        ENTRIES_CRC.set(header, checksum(&[]));
        let crc = structure_crc(header, HEADER_CRC);
        HEADER_CRC.set(header, crc);
        assert_eq!(find(&one, 512), Err(TableFault::Missing));
        assert_eq!(find(&[0xff; 4096], 512), Err(TableFault::Missing));
        let unreadable = find_partitions(SDFS_PARTITION_TYPE, 512, SECTORS, |_, _| false);
        assert_eq!(unreadable, Err(TableFault::Missing));
    }

    /// Found by fuzzing.
    #[test]
    fn find_partitions_reads_no_entries_where_there_are_none() {
        let mut disk = disk(512, &[]);
        for place in [1, SECTORS as usize - 1] {
            let header = &mut disk[place * 512..place * 512 + MIN_HEADER_SIZE];
            ENTRY_COUNT.set(header, 0);
            ENTRIES_CRC.set(header, checksum(&[]));
            let crc = structure_crc(header, HEADER_CRC);
            HEADER_CRC.set(header, crc);
        }
        let found = find_partitions(SDFS_PARTITION_TYPE, 512, SECTORS, |sector, into| {
            assert!(!into.is_empty(), "a request for nothing");
            let at = sector as usize * 512;
            into.copy_from_slice(&disk[at..at + into.len()]);
            true
        });
        assert_eq!(found.unwrap().partitions, []);
    }

    #[test]
    fn find_partitions_refuses_a_table_of_unreasonable_size() {
        for (count, size) in [
            (u32::MAX, u32::MAX),
            (1 << 20, 128),
            (128, 0),
            (128, 64),
            (64, 256),
        ] {
            let mut disk = disk(512, &[(SDFS_PARTITION_TYPE, 300, 399)]);
            for place in [1, SECTORS as usize - 1] {
                let header = &mut disk[place * 512..place * 512 + MIN_HEADER_SIZE];
                ENTRY_COUNT.set(header, count);
                ENTRY_SIZE.set(header, size);
                let crc = structure_crc(header, HEADER_CRC);
                HEADER_CRC.set(header, crc);
            }
            assert_eq!(
                find(&disk, 512),
                Err(TableFault::Missing),
                "{count} entries of {size} bytes"
            );
        }
    }
}
