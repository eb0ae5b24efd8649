//! The whole boot: keys, disk, volume, candidates, kernel. Every way through it ends in a kernel or in the firmware.

use crate::boot_disk::BootDisk;
use crate::console::say;
use crate::disk::Disk;
use crate::kernel::StartFailure;
use crate::machine::Machine;
use crate::mark::MarkPage;
use crate::volume::Volume;
use crate::{firmware, initrd, kernel, trust};
use alloc::format;
use cocon_core::gpt::{
    FoundPartitions, Partition, SDFS_PARTITION_TYPE, TableCopy, TableFault, find_partitions,
};
use cocon_core::{Error, Search, Uuid};
use uefi::Status;

/// Boots the machine. It returns when nothing could be started, with a status that makes the firmware go on with its
/// next boot entry.
pub fn boot() -> Status {
    let status = try_boot();
    say!("nothing was started, back to the firmware for its next boot entry");
    firmware::disarm_watchdog();
    status
}

fn try_boot() -> Status {
    firmware::arm_watchdog();
    let keys = trust::trusted_keys();
    if keys.is_empty() {
        say!(
            "refusing every release: this loader holds no trusted keys, the image builder puts them in"
        );
        return Status::SECURITY_VIOLATION;
    }
    if initrd::is_offered_by_another() {
        say!("refusing every release: the firmware offers Linux an initrd that nobody signed");
        return Status::SECURITY_VIOLATION;
    }
    let mut boot_disk = match BootDisk::find() {
        Ok(boot_disk) => boot_disk,
        Err(error) => {
            say!(
                "cannot read the disk that the loader came from: {:?}",
                error.status()
            );
            return error.status();
        }
    };
    let Some(FoundPartitions { table, partitions }) = sdfs_partitions(&mut boot_disk.disk) else {
        return Status::NOT_FOUND;
    };
    if partitions.len() > 1 {
        say!(
            "{} SDFS partitions, the first one that can be read counts",
            partitions.len()
        );
    }
    let mut machine = Machine {
        keys: &keys,
        partition_uuid: Uuid::default(),
        partition_table: table,
        mark_page: MarkPage::default(),
    };
    for partition in partitions {
        machine.partition_uuid = partition.uuid;
        match boot_volume(&mut boot_disk, &partition, &mut machine) {
            Error::NoBootableSlot => break,
            error => say!(
                "partition {}: cannot be booted, {}: {error}",
                partition.number,
                error.code()
            ),
        }
    }
    Status::NOT_FOUND
}

/// The SDFS partitions of a disk. What is wrong with its tables is said here.
fn sdfs_partitions(disk: &mut Disk) -> Option<FoundPartitions> {
    let (sector_size, sector_count) = (disk.sector_size(), disk.sector_count());
    let read = |sector, into: &mut [u8]| disk.read(sector * sector_size as u64, into).is_ok();
    match find_partitions(SDFS_PARTITION_TYPE, sector_size, sector_count, read) {
        Ok(found) => {
            if found.table == TableCopy::Backup {
                say!("the primary partition table cannot be used, its backup counts");
            }
            if found.partitions.is_empty() {
                say!(
                    "no SDFS partition (type {SDFS_PARTITION_TYPE}) on the disk that the loader came from"
                );
            }
            Some(found)
        }
        Err(TableFault::Missing) => {
            say!("no GUID partition table that holds on the disk that the loader came from");
            None
        }
        Err(TableFault::Truncated { expected, actual }) => {
            say!(
                "the disk has {actual} sectors, its partition table takes {expected} at least: Linux would find no partition"
            );
            say!(
                "the image was cut short, or the disk is too small for it: see cocon-update status --volume, on another machine"
            );
            None
        }
    }
}

/// Boots from one volume. Comes back only with the reason why it could not.
fn boot_volume(
    boot_disk: &mut BootDisk,
    partition: &Partition,
    machine: &mut Machine<'_>,
) -> Error {
    let BootDisk { disk, path } = boot_disk;
    let mut volume = Volume::new(disk, partition);
    let mut search = match Search::open(&mut volume, machine) {
        Ok(search) => search,
        Err(error) => return error,
    };
    loop {
        firmware::arm_watchdog();
        match search.next_candidate() {
            Ok(candidate) => {
                let failure = kernel::start(&candidate, path, partition);
                let said = format!("{failure}");
                match failure {
                    StartFailure::Refused(Status::OUT_OF_RESOURCES) => {
                        search.start_lacked_memory(&candidate, &said);
                    }
                    StartFailure::Refused(_) | StartFailure::Returned(_) => {
                        search.start_failed(&candidate, &said);
                    }
                }
            }
            Err(error) => {
                say!("{error}");
                return error;
            }
        }
    }
}
