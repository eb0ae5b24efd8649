//! `Uint8Array`s without copies: the only place where this crate touches the engine's memory.

use core::ptr::NonNull;

use rquickjs::function::This;
use rquickjs::{Ctx, Exception, Function, Result, TypedArray};

/// Lets `work` read the array's bytes. It must not call into the engine, and nothing in [`crate::platform`] can.
pub(super) fn read<R>(array: &TypedArray<'_, u8>, work: impl FnOnce(&[u8]) -> R) -> Result<R> {
    let region = region(array)?;
    // SAFETY: the engine keeps the region alive as long as `array` does, and it moves or detaches a buffer only while
    // JavaScript runs. `work` knows nothing of the engine, which has one thread, so none runs until it returns.
    Ok(work(unsafe { region.as_ref() }))
}

/// Lets `work` fill the array's bytes. The same holds as for [`read`], and no other view may be in use.
pub(super) fn write<R>(array: &TypedArray<'_, u8>, work: impl FnOnce(&mut [u8]) -> R) -> Result<R> {
    let mut region = region(array)?;
    // SAFETY: as in `read`. No caller holds a second region, so this reference is the only one.
    Ok(work(unsafe { region.as_mut() }))
}

/// The first `length` bytes of `array`, as a view of the same buffer.
pub(super) fn head<'js>(array: &TypedArray<'js, u8>, length: usize) -> Result<TypedArray<'js, u8>> {
    if length == array.len() {
        return Ok(array.clone());
    }
    let subarray: Function<'js> = array.get("subarray")?;
    subarray.call((This(array.clone()), 0, length))
}

/// A new array of `length` zeros outside of the engine's heap.
pub(super) fn zeroed<'js>(ctx: &Ctx<'js>, length: usize) -> Result<TypedArray<'js, u8>> {
    TypedArray::new(ctx.clone(), vec![0; length])
}

fn region(array: &TypedArray<'_, u8>) -> Result<NonNull<[u8]>> {
    if array.is_empty() {
        return Ok(NonNull::slice_from_raw_parts(NonNull::dangling(), 0));
    }
    array.as_raw().ok_or_else(|| {
        Exception::throw_type(array.ctx(), "The buffer of this Uint8Array is detached")
    })
}
