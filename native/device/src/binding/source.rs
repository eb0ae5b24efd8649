//! `openSource`: a `ByteSource` of `updater/src/platform.ts`, whose promises the program makes itself.

use rquickjs::{Ctx, Function, Object, Result, TypedArray};

use super::bytes;
use super::handle::Handle;
use super::number;
use super::throw::OrThrow;
use crate::platform::source::{PIECE, Source};

pub(super) fn open<'js>(ctx: Ctx<'js>, location: String) -> Result<Object<'js>> {
    let source = Source::open(&location).or_throw(&ctx)?;
    let object = Object::new(ctx.clone())?;
    object.set("name", source.name())?;
    object.set("sizeBytes", source.size())?;
    let has_ranges = source.has_ranges();
    let handle = Handle::new(source);

    // One buffer for the whole source: a piece is good until the next call.
    let piece = bytes::zeroed(&ctx, PIECE)?;
    let source = handle.clone();
    let read = move |ctx: Ctx<'js>| -> Result<Option<TypedArray<'js, u8>>> {
        let mut source = source.get().or_throw(&ctx)?;
        let length = bytes::write(&piece, |piece| source.read(piece))?.or_throw(&ctx)?;
        if length == 0 {
            Ok(None)
        } else {
            bytes::head(&piece, length).map(Some)
        }
    };
    object.set("read", Function::new(ctx.clone(), read)?)?;

    if has_ranges {
        let source = handle.clone();
        let read_at = move |ctx: Ctx<'js>, at: f64, length: f64| -> Result<TypedArray<'js, u8>> {
            let at = number::offset(&ctx, at)?;
            let range = bytes::zeroed(&ctx, number::length(&ctx, length, PIECE)?)?;
            let source = source.get().or_throw(&ctx)?;
            bytes::write(&range, |range| source.read_at(at, range))?.or_throw(&ctx)?;
            Ok(range)
        };
        object.set("readAt", Function::new(ctx.clone(), read_at)?)?;
    }

    object.set("close", Function::new(ctx, move || handle.close())?)?;
    Ok(object)
}
