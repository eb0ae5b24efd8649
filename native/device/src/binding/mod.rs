//! The platform as the program sees it: `globalThis.coconRuntime`, shaped by `updater/src/device/runtime.ts`.
//!
//! Handles (devices, sources, hashes) are plain objects whose functions share the Rust value; `close` or `digest` takes
//! it away, so nothing waits for a garbage collection. A failure becomes an `Error` with `code` and perhaps `hint`.

mod block_device;
mod bytes;
mod crypto;
mod handle;
mod http;
mod machine;
mod number;
mod source;
mod throw;

use core::cell::Cell;
use std::rc::Rc;

use rquickjs::{Ctx, Function, Object, Result};

/// Puts `coconRuntime` into the global object. The program's exit status goes to `status`.
pub fn install<'js>(
    ctx: &Ctx<'js>,
    arguments: Vec<String>,
    status: Rc<Cell<Option<u8>>>,
) -> Result<()> {
    let runtime = Object::new(ctx.clone())?;
    runtime.set("argv", arguments)?;
    runtime.set(
        "exit",
        Function::new(ctx.clone(), move |value: u8| status.set(Some(value)))?,
    )?;
    machine::add(ctx, &runtime)?;
    crypto::add(ctx, &runtime)?;
    runtime.set(
        "openDevice",
        Function::new(ctx.clone(), block_device::open)?,
    )?;
    runtime.set("httpGet", Function::new(ctx.clone(), http::get)?)?;
    runtime.set("openSource", Function::new(ctx.clone(), source::open)?)?;
    ctx.globals().set("coconRuntime", runtime)
}
