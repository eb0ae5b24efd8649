//! A kernel to test the loader with. It says what it was handed, one fact a line, and powers the machine off:
//!
//! ```text
//! probe: option <one word of the command line>
//! probe: partition <GPT UUID of the device that it was loaded from>
//! probe: initrd <bytes> <SHA-256> | none
//! probe: device tree <bytes> | none
//! probe: end
//! ```
//!
//! Its command line may ask for another end: `probe.end=return` to the loader, `probe.end=reset` of the machine, or
//! `probe.end=panic`, by the loader's own panic handler.
#![no_main]
#![no_std]

extern crate alloc;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use cocon_core::Digest;
use cocon_efi::console::say;
use cocon_efi::device_tree::firmware_tree;
use cocon_efi::firmware::get_protocol;
use uefi::proto::device_path::build::{DevicePathBuilder, media};
use uefi::proto::device_path::media::PartitionSignature;
use uefi::proto::device_path::{DevicePath, DevicePathNodeEnum};
use uefi::proto::loaded_image::LoadedImage;
use uefi::proto::media::load_file::LoadFile2;
use uefi::runtime::{self, ResetType};
use uefi::{Guid, Result, Status, boot, entry, guid};

/// `LINUX_EFI_INITRD_MEDIA_GUID`, where Linux looks.
const INITRD_MEDIA: Guid = guid!("5568e427-68fc-4f3d-ac74-ca555231cc68");

#[entry]
fn main() -> Status {
    let command_line = command_line();
    for option in command_line.split(' ') {
        say!("probe: option {option}");
    }
    match partition() {
        Some(uuid) => say!("probe: partition {uuid}"),
        None => say!("probe: partition none"),
    }
    match initrd() {
        Ok(initrd) => say!("probe: initrd {} {}", initrd.len(), Digest::of(&initrd)),
        Err(_) => say!("probe: initrd none"),
    }
    match firmware_tree() {
        Some(tree) => say!("probe: device tree {}", tree.len()),
        None => say!("probe: device tree none"),
    }
    say!("probe: end");
    let end = command_line
        .split(' ')
        .find_map(|option| option.strip_prefix("probe.end="));
    match end {
        Some("return") => return Status::ABORTED,
        Some("reset") => runtime::reset(ResetType::WARM, Status::SUCCESS, None),
        Some("panic") => panic!("as asked for"),
        _ => {}
    }
    runtime::reset(ResetType::SHUTDOWN, Status::SUCCESS, None)
}

fn command_line() -> String {
    get_protocol::<LoadedImage>(boot::image_handle())
        .ok()
        .and_then(|image| image.load_options_as_cstr16().ok().map(ToString::to_string))
        .unwrap_or_default()
}

/// The partition that the firmware takes this image to be from.
fn partition() -> Option<Guid> {
    let device = get_protocol::<LoadedImage>(boot::image_handle())
        .ok()?
        .device()?;
    let path = get_protocol::<DevicePath>(device).ok()?;
    path.node_iter().find_map(|node| match node.as_enum() {
        Ok(DevicePathNodeEnum::MediaHardDrive(partition)) => {
            match partition.partition_signature() {
                PartitionSignature::Guid(guid) => Some(guid),
                _ => None,
            }
        }
        _ => None,
    })
}

/// The initrd, asked for as Linux does.
fn initrd() -> Result<Box<[u8]>> {
    let mut bytes = Vec::new();
    let path = DevicePathBuilder::with_vec(&mut bytes)
        .push(&media::Vendor {
            vendor_guid: INITRD_MEDIA,
            vendor_defined_data: &[],
        })
        .and_then(DevicePathBuilder::finalize)
        .map_err(|_| Status::OUT_OF_RESOURCES)?;
    let mut rest = path;
    let handle = boot::locate_device_path::<LoadFile2>(&mut rest)?;
    get_protocol::<LoadFile2>(handle)?.load_file(rest)
}
