//! The partition table of a disk.

use cocon_core::Device;
use cocon_core::gpt::{
    FoundPartitions, Partition, SDFS_PARTITION_TYPE, TableFault, find_partitions as find,
};
use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use crate::device::JsDevice;
use crate::error::invalid_argument;

/// A partition of type SDFS.
#[napi(object, object_from_js = false)]
pub struct PartitionView {
    /// Its number, from 1.
    pub number: u32,
    /// Its own UUID.
    pub uuid: String,
    /// First sector.
    pub first_sector: i64,
    /// Number of sectors, at least 1.
    pub sectors: i64,
}

/// What a partition table says of partitions of type SDFS.
#[napi(object, object_from_js = false)]
pub struct PartitionsView {
    /// The table that was read; `truncated` when the only ones count on sectors that the disk does not have.
    #[napi(ts_type = "'primary' | 'backup' | 'truncated'")]
    pub table: String,
    /// In the order of the table.
    pub partitions: Vec<PartitionView>,
}

/// The SDFS partitions of a disk with sectors of `sectorSize` bytes, 512 to 4096; null when neither of its two partition
/// tables can be used. Reads whole sectors.
#[napi(ts_args_type = "device: BlockDevice, sectorSize: number")]
pub fn find_partitions(
    env: Env,
    device: Object<'_>,
    sector_size: f64,
) -> napi::Result<Option<PartitionsView>> {
    let Some(sector_size) = [512_u32, 1024, 2048, 4096]
        .into_iter()
        .find(|size| f64::from(*size) == sector_size)
    else {
        return Err(invalid_argument(format!(
            "sectorSize is {sector_size}, expected a power of two from 512 to 4096"
        )));
    };
    let mut device = JsDevice::new(env, &device)?;
    let sector_count = device.size_bytes() / u64::from(sector_size);
    let read =
        |sector: u64, into: &mut [u8]| device.read(sector * u64::from(sector_size), into).is_ok();
    let found = find(
        SDFS_PARTITION_TYPE,
        sector_size as usize,
        sector_count,
        read,
    );
    Ok(match found {
        Ok(found) => Some(found.into()),
        Err(TableFault::Missing) => None,
        Err(TableFault::Truncated { .. }) => Some(PartitionsView {
            table: "truncated".to_owned(),
            partitions: Vec::new(),
        }),
    })
}

impl From<FoundPartitions> for PartitionsView {
    fn from(found: FoundPartitions) -> Self {
        Self {
            table: found.table.name().to_owned(),
            partitions: found.partitions.iter().map(PartitionView::from).collect(),
        }
    }
}

impl From<&Partition> for PartitionView {
    fn from(partition: &Partition) -> Self {
        Self {
            number: partition.number,
            uuid: partition.uuid.to_string(),
            // They lie on a device whose size in bytes is below 2^53.
            first_sector: partition.first_sector.cast_signed(),
            sectors: partition.sectors.cast_signed(),
        }
    }
}
