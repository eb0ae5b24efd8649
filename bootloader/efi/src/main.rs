//! The boot loader as a UEFI application. All of it is in the library.
#![no_main]
#![no_std]

use uefi::{Status, entry};

#[entry]
fn main() -> Status {
    cocon_efi::boot()
}
