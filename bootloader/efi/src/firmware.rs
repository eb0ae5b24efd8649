//! Small firmware calls that several parts of the loader need.

use uefi::boot::{self, OpenProtocolAttributes, OpenProtocolParams, ScopedProtocol};
use uefi::proto::ProtocolPointer;
use uefi::{Handle, Result};

/// Seconds that the loader may take for one file before the firmware resets the machine. The largest initrd, 512 MiB,
/// takes half of it from a card that reads 10 MB a second.
const WATCHDOG_SECONDS: usize = 120;
/// Ours, as the codes up to 0xffff belong to the firmware (UEFI 2.10 §7.5).
const WATCHDOG_CODE: u64 = 0x1_0000;

/// Opens a protocol beside whoever else uses it.
///
/// # Errors
/// `UNSUPPORTED` when the handle does not have it.
pub fn get_protocol<P: ProtocolPointer + ?Sized>(handle: Handle) -> Result<ScopedProtocol<P>> {
    let params = OpenProtocolParams {
        handle,
        agent: boot::image_handle(),
        controller: None,
    };
    // SAFETY: used on the loader's own image, on the devices that it came from, and on an image that it has loaded;
    // none of these goes away while the loader holds the protocol.
    unsafe { boot::open_protocol(params, OpenProtocolAttributes::GetProtocol) }
}

/// Lets the firmware reset the machine if the loader hangs. The kernel's EFI stub ends it with boot services.
pub(crate) fn arm_watchdog() {
    // A machine without a watchdog boots without one.
    let _ = boot::set_watchdog_timer(WATCHDOG_SECONDS, WATCHDOG_CODE, None);
}

/// Ends the watchdog, before the firmware gets control back.
pub(crate) fn disarm_watchdog() {
    let _ = boot::set_watchdog_timer(0, WATCHDOG_CODE, None);
}
