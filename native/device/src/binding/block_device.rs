//! `openDevice`: a `BlockDevice` of `sdfs/src/block-device.ts`.

use rquickjs::{Ctx, Exception, Function, Object, Result, TypedArray};

use super::bytes;
use super::handle::Handle;
use super::number::offset;
use super::throw::OrThrow;
use crate::platform::block_device::{BlockDevice, Mode};

pub(super) fn open<'js>(ctx: Ctx<'js>, path: String, mode: String) -> Result<Object<'js>> {
    let mode = match mode.as_str() {
        "read" => Mode::Read,
        "write" => Mode::Write,
        _ => {
            return Err(Exception::throw_type(
                &ctx,
                &format!("Cannot open a device for \"{mode}\""),
            ));
        }
    };
    let device = BlockDevice::open(&path, mode).or_throw(&ctx)?;
    let object = Object::new(ctx.clone())?;
    object.set("name", device.name())?;
    object.set("sizeBytes", device.size())?;
    object.set("sectorSize", device.sector())?;
    let handle = Handle::new(device);

    let device = handle.clone();
    let read = move |ctx: Ctx<'js>, at: f64, into: TypedArray<'js, u8>| {
        let at = offset(&ctx, at)?;
        let device = device.get().or_throw(&ctx)?;
        bytes::write(&into, |into| device.read(at, into))?.or_throw(&ctx)
    };
    object.set("read", Function::new(ctx.clone(), read)?)?;

    let device = handle.clone();
    let write = move |ctx: Ctx<'js>, at: f64, from: TypedArray<'js, u8>| {
        let at = offset(&ctx, at)?;
        let device = device.get().or_throw(&ctx)?;
        bytes::read(&from, |from| device.write(at, from))?.or_throw(&ctx)
    };
    object.set("write", Function::new(ctx.clone(), write)?)?;

    let device = handle.clone();
    let flush = move |ctx: Ctx<'js>| {
        device
            .get()
            .and_then(|device| device.flush())
            .or_throw(&ctx)
    };
    object.set("flush", Function::new(ctx.clone(), flush)?)?;

    let device = handle.clone();
    let drop_caches = move |ctx: Ctx<'js>| {
        device
            .get()
            .map(|device| device.drop_caches())
            .or_throw(&ctx)
    };
    object.set("dropCaches", Function::new(ctx.clone(), drop_caches)?)?;

    object.set("close", Function::new(ctx, move || handle.close())?)?;
    Ok(object)
}
