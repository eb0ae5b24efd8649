//! `httpGet`: an answer as `updater/src/device/runtime.ts` describes it.

use std::collections::BTreeMap;

use rquickjs::{Ctx, Function, Object, Result, TypedArray};

use super::bytes;
use super::handle::Handle;
use super::throw::OrThrow;
use crate::platform::http;
use crate::platform::source::PIECE;

pub(super) fn get<'js>(
    ctx: Ctx<'js>,
    url: String,
    headers: BTreeMap<String, String>,
) -> Result<Object<'js>> {
    let answer = http::get(&url, &headers, http::SILENCE_LIMIT).or_throw(&ctx)?;
    let object = Object::new(ctx.clone())?;
    object.set("status", answer.status)?;
    object.set("statusText", answer.status_text)?;
    object.set("headers", answer.headers.clone())?;
    let handle = Handle::new(answer);

    // Small bodies of redirects and errors are mostly closed unread, so the buffer is made when it
    // is needed.
    let mut piece = None;
    let answer = handle.clone();
    let read = move |ctx: Ctx<'js>| -> Result<Option<TypedArray<'js, u8>>> {
        let mut answer = answer.get().or_throw(&ctx)?;
        let piece = match &piece {
            Some(piece) => piece,
            None => piece.insert(bytes::zeroed(&ctx, PIECE)?),
        };
        let length = bytes::write(piece, |piece| answer.read(piece))?.or_throw(&ctx)?;
        if length == 0 {
            Ok(None)
        } else {
            bytes::head(piece, length).map(Some)
        }
    };
    object.set(
        "read",
        Function::new(ctx.clone(), rquickjs::prelude::MutFn::from(read))?,
    )?;

    object.set("close", Function::new(ctx, move || handle.close())?)?;
    Ok(object)
}
