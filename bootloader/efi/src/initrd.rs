//! Offers the initrd to Linux: `LoadFile2` on a vendor media device path that the kernel's EFI stub looks for.
//!
//! Linux: `drivers/firmware/efi/libstub/efi-stub-helper.c`, `LINUX_EFI_INITRD_MEDIA_GUID`; UEFI 2.10 §13.2.

use alloc::boxed::Box;
use core::ffi::c_void;
use core::ptr;
use uefi::proto::device_path::DevicePath;
use uefi::proto::media::load_file::LoadFile2;
use uefi::{Guid, Handle, Identify, Result, Status, boot, guid};
use uefi_raw::Boolean;
use uefi_raw::protocol::device_path::DevicePathProtocol;
use uefi_raw::protocol::media::LoadFile2Protocol;

const INITRD_MEDIA: Guid = guid!("5568e427-68fc-4f3d-ac74-ca555231cc68");

/// A vendor media node (type 4, subtype 3, 20 bytes) and the end of the path: UEFI 2.10 §10.3.5.3.
#[repr(C)]
struct InitrdPath {
    header: [u8; 4],
    vendor: Guid,
    end: [u8; 4],
}

static INITRD_PATH: InitrdPath = InitrdPath {
    header: [4, 3, 20, 0],
    vendor: INITRD_MEDIA,
    end: [0x7f, 0xff, 4, 0],
};

/// An initrd on offer. It is withdrawn when this is dropped, that is, when the kernel has returned.
pub struct OfferedInitrd<'a> {
    handle: Handle,
    /// From `Box::into_raw`, as the firmware holds this pointer too.
    file: *mut InitrdFile<'a>,
}

/// The protocol and, behind it, the bytes that it serves.
#[repr(C)]
struct InitrdFile<'a> {
    protocol: LoadFile2Protocol,
    bytes: &'a [u8],
}

impl<'a> OfferedInitrd<'a> {
    /// Installs the protocol on a new handle.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        // SAFETY: the path is a static, so it outlives its handle.
        let handle =
            unsafe { boot::install_protocol_interface(None, &DevicePath::GUID, path_pointer()) }?;
        let file = Box::into_raw(Box::new(InitrdFile {
            protocol: LoadFile2Protocol { load_file },
            bytes,
        }));
        let offer = Self { handle, file };
        // SAFETY: `drop` withdraws the interface before it frees the file, also when this fails.
        unsafe {
            boot::install_protocol_interface(
                Some(handle),
                &LoadFile2::GUID,
                file.cast_const().cast(),
            )
        }?;
        Ok(offer)
    }
}

impl Drop for OfferedInitrd<'_> {
    fn drop(&mut self) {
        // SAFETY: these are the interfaces that `new` installed, and the kernel that used them has ended.
        let withdrawn = unsafe {
            let file = boot::uninstall_protocol_interface(
                self.handle,
                &LoadFile2::GUID,
                self.file.cast_const().cast(),
            );
            let path =
                boot::uninstall_protocol_interface(self.handle, &DevicePath::GUID, path_pointer());
            file.and(path)
        };
        // A firmware that keeps the interface keeps the memory too.
        if withdrawn.is_ok() {
            // SAFETY: the pointer came from `Box::into_raw`, and nobody else holds it any more.
            drop(unsafe { Box::from_raw(self.file) });
        }
    }
}

/// Whether somebody else offers Linux an initrd. It would be started unsigned, with or without one of ours.
pub fn is_offered_by_another() -> bool {
    // SAFETY: `INITRD_PATH` is a whole device path.
    let mut path = unsafe { DevicePath::from_ffi_ptr(path_pointer().cast()) };
    boot::locate_device_path::<LoadFile2>(&mut path).is_ok()
}

fn path_pointer() -> *const c_void {
    (&raw const INITRD_PATH).cast()
}

/// `EFI_LOAD_FILE2_PROTOCOL.LoadFile()`: tells the size when the buffer is missing or too small, else copies.
unsafe extern "efiapi" fn load_file(
    this: *mut LoadFile2Protocol,
    _path: *const DevicePathProtocol,
    boot_policy: Boolean,
    buffer_size: *mut usize,
    buffer: *mut c_void,
) -> Status {
    if this.is_null() || buffer_size.is_null() {
        return Status::INVALID_PARAMETER;
    }
    if boot_policy != Boolean::FALSE {
        return Status::UNSUPPORTED;
    }
    // SAFETY: `this` is the first field of the `InitrdFile` that was installed, alive until it is withdrawn; the
    // size is the caller's, checked for null above.
    let (bytes, room) = unsafe { ((*this.cast::<InitrdFile<'_>>()).bytes, &mut *buffer_size) };
    let fits = *room >= bytes.len() && !buffer.is_null();
    *room = bytes.len();
    if !fits {
        return Status::BUFFER_TOO_SMALL;
    }
    // SAFETY: the caller's buffer holds `room` bytes, and is not ours.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.cast(), bytes.len()) };
    Status::SUCCESS
}
