//! The device path of a disk: cut off a partition's, and extended to a partition's file (UEFI 2.10 §10.3).

use alloc::vec::Vec;
use cocon_core::Uuid;
use cocon_core::gpt::Partition;
use core::result;
use uefi::proto::device_path::build::{BuildError, DevicePathBuilder, media};
use uefi::proto::device_path::media::{PartitionFormat, PartitionSignature};
use uefi::proto::device_path::{DevicePath, DevicePathNode, DeviceSubType, DeviceType};
use uefi::{CStr16, Guid, Result, Status, cstr16};

/// Name of the kernel in the path that the firmware loads it under. It exists on no file system.
const KERNEL_NAME: &CStr16 = cstr16!("kernel");

/// A device path, held by the loader.
pub struct OwnedPath(Vec<u8>);

impl OwnedPath {
    /// The disk of a partition: its path up to the partition's node.
    ///
    /// # Errors
    /// `UNSUPPORTED` for a path with a broken node.
    pub fn of_disk(partition: &DevicePath) -> Result<Self> {
        let is_partition = |node: &&DevicePathNode| {
            node.full_type() == (DeviceType::MEDIA, DeviceSubType::MEDIA_HARD_DRIVE)
        };
        Self::build(|builder| {
            partition
                .node_iter()
                .take_while(|node| !is_partition(node))
                .try_fold(builder, |path, node| path.push(&node))
        })
    }

    /// The kernel of a partition of this disk. The firmware derives the kernel's `DeviceHandle` from it, and a TPM's
    /// log names it.
    ///
    /// # Errors
    /// `UNSUPPORTED` for a path with a broken node.
    pub fn kernel_on(&self, partition: &Partition) -> Result<Self> {
        let partition = media::HardDrive {
            partition_number: partition.number,
            partition_start: partition.first_sector,
            partition_size: partition.sectors,
            // The swap of three fields is its own inverse.
            partition_signature: PartitionSignature::Guid(Guid::from_bytes(
                Uuid::from_gpt(partition.uuid.0).0,
            )),
            partition_format: PartitionFormat::GPT,
        };
        Self::build(|builder| {
            let disk = self
                .as_path()
                .node_iter()
                .try_fold(builder, |path, node| path.push(&node))?;
            disk.push(&partition)?.push(&media::FilePath {
                path_name: KERNEL_NAME,
            })
        })
    }

    /// As the firmware takes it.
    pub fn as_path(&self) -> &DevicePath {
        // SAFETY: `build` is the only constructor, and ends every path.
        unsafe { DevicePath::from_ffi_ptr(self.0.as_ptr().cast()) }
    }

    fn build(
        nodes: impl for<'a> FnOnce(
            DevicePathBuilder<'a>,
        ) -> result::Result<DevicePathBuilder<'a>, BuildError>,
    ) -> Result<Self> {
        let mut bytes = Vec::new();
        nodes(DevicePathBuilder::with_vec(&mut bytes))
            .and_then(DevicePathBuilder::finalize)
            .map_err(|_| Status::UNSUPPORTED)?;
        Ok(Self(bytes))
    }
}
