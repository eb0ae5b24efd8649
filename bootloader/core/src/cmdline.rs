//! The kernel command line (FORMAT.md §9). Besides what was signed, nothing goes in but numbers, UUIDs and `gpt`.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use crate::descriptor::{Descriptor, Extent, FileKind};
use crate::device::BLOCK_BYTES;
use crate::digest::Digest;
use crate::environment::Architecture;
use crate::error::Error;
use crate::gpt::TableCopy;
use crate::release::{Release, Rootfs};
use crate::slot::Trial;
use crate::superblock::Superblock;
use crate::uuid::Uuid;

const SECTOR_SIZE: u64 = 512;
const BLOCK_SECTORS: u64 = BLOCK_BYTES / SECTOR_SIZE;

/// What the command line is made of.
#[derive(Debug)]
pub struct CommandLine<'a> {
    /// The slot's number.
    pub slot: u8,
    /// SHA-256 of release.json.
    pub release_digest: Digest,
    /// The release.
    pub release: &'a Release,
    /// The slot's files.
    pub descriptor: &'a Descriptor,
    /// The volume.
    pub superblock: &'a Superblock,
    /// Its GPT partition.
    pub partition_uuid: Uuid,
    /// The partition table that names it.
    pub partition_table: TableCopy,
    /// The attempt, in a trial.
    pub trial: Option<Trial>,
}

impl CommandLine<'_> {
    /// Writes the line out, if it is not too long for `architecture`.
    ///
    /// # Errors
    /// [`Error::CmdlineTooLong`].
    pub fn compose(&self, architecture: Architecture) -> Result<String, Error> {
        let mut line = String::new();
        // Writing to a string does not fail.
        let _ = write!(line, "{self}");
        let (limit, actual) = (architecture.command_line_limit(), line.len());
        if actual > limit {
            Err(Error::CmdlineTooLong { limit, actual })
        } else {
            Ok(line)
        }
    }

    fn write_root(&self, to: &mut fmt::Formatter<'_>, rootfs: &Rootfs) -> fmt::Result {
        let partition = self.partition_uuid;
        write!(
            to,
            " root=/dev/dm-2 ro rootfstype=erofs dm-mod.waitfor=PARTUUID={partition}"
        )?;
        let volume_sectors = self.superblock.total_blocks.saturating_mul(BLOCK_SECTORS);
        write!(
            to,
            " dm-mod.create=\"sdfs,,0,ro,0 {volume_sectors} linear PARTUUID={partition} 0;image,,1,ro,"
        )?;
        let mut at: u64 = 0;
        for (index, extent) in merged(self.image_extents()).into_iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (start, length) = (
                extent.0.saturating_mul(BLOCK_SECTORS),
                extent.1.saturating_mul(BLOCK_SECTORS),
            );
            write!(to, "{comma}{at} {length} linear /dev/dm-0 {start}")?;
            at = at.saturating_add(length);
        }
        let blocks = rootfs.blob.size / BLOCK_BYTES;
        let sectors = blocks.saturating_mul(BLOCK_SECTORS);
        let root_hash = rootfs.verity.root_hash;
        write!(
            to,
            ";root,,2,ro,0 {sectors} verity 1 /dev/dm-1 /dev/dm-1 4096 4096 {blocks} {blocks} sha256 {root_hash} -\""
        )
    }

    fn image_extents(&self) -> impl Iterator<Item = Extent> {
        [FileKind::Rootfs, FileKind::Verity]
            .into_iter()
            .filter_map(|kind| self.descriptor.file(kind))
            .flat_map(|file| file.extents.iter().copied())
    }
}

impl fmt::Display for CommandLine<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "{} cocon.slot={} cocon.release={} cocon.volume=PARTUUID={}",
            self.release.command_line, self.slot, self.release_digest, self.partition_uuid
        )?;
        if self.partition_table == TableCopy::Backup {
            to.write_str(" gpt")?;
        }
        if let Some(trial) = self.trial {
            write!(to, " cocon.attempt={}/{}", trial.attempt, trial.total)?;
        }
        if let Some(rootfs) = &self.release.rootfs {
            self.write_root(to, rootfs)?;
        }
        Ok(())
    }
}

/// First block and number of blocks, each extent that begins where the one before ends merged with that one.
fn merged(extents: impl Iterator<Item = Extent>) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for extent in extents {
        match runs.last_mut() {
            Some((start, blocks)) if start.saturating_add(*blocks) == extent.start => {
                *blocks = blocks.saturating_add(extent.blocks.into());
            }
            _ => runs.push((extent.start, extent.blocks.into())),
        }
    }
    runs
}
