//! Makes the tests' firmware one that leaves a lost primary partition table lost: EDK II puts it back before anything
//! starts. Found in the loader's place, it overwrites the table's header once the firmware is done with it, and starts
//! the loader from `\EFI\LOADER.EFI` of the same partition.
#![no_main]
#![no_std]

extern crate alloc;

use alloc::vec;
use alloc::vec::Vec;
use cocon_efi::boot_disk::BootDisk;
use cocon_efi::console::say;
use cocon_efi::firmware::get_protocol;
use uefi::boot::{self, LoadImageSource};
use uefi::proto::BootPolicy;
use uefi::proto::device_path::DevicePath;
use uefi::proto::device_path::build::{DevicePathBuilder, media};
use uefi::proto::loaded_image::LoadedImage;
use uefi::{CStr16, Handle, Result, Status, cstr16, entry};

const LOADER: &CStr16 = cstr16!("\\EFI\\LOADER.EFI");

#[entry]
fn main() -> Status {
    match wipe().and_then(|()| load()).and_then(boot::start_image) {
        Ok(()) => Status::SUCCESS,
        Err(error) => {
            say!("wipe_table: {:?}", error.status());
            error.status()
        }
    }
}

fn wipe() -> Result {
    let mut disk = BootDisk::find()?.disk;
    let sector = disk.sector_size();
    disk.write(sector as u64, &vec![0; sector])?;
    disk.flush()
}

fn load() -> Result<Handle> {
    let partition = get_protocol::<LoadedImage>(boot::image_handle())?
        .device()
        .ok_or(Status::NOT_FOUND)?;
    let mut bytes = Vec::new();
    let path = get_protocol::<DevicePath>(partition)?
        .node_iter()
        .try_fold(DevicePathBuilder::with_vec(&mut bytes), |path, node| {
            path.push(&node)
        })
        .and_then(|path| path.push(&media::FilePath { path_name: LOADER }))
        .and_then(DevicePathBuilder::finalize)
        .map_err(|_| Status::OUT_OF_RESOURCES)?;
    let source = LoadImageSource::FromDevicePath {
        device_path: path,
        boot_policy: BootPolicy::ExactMatch,
    };
    boot::load_image(boot::image_handle(), source)
}
