//! What is left of the platform: terminal, clocks, small files and child processes.

use core::time::Duration;
use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rquickjs::{Ctx, Exception, Function, Object, Result, TypedArray};

use super::number;
use super::throw::OrThrow;
use crate::platform::{files, process};

/// 2025-01-01 in Unix seconds, as in the loader. A clock before it has not been set: a board without a battery starts in 1970.
const CLOCK_IS_SET: u64 = 1_735_689_600;

/// The architecture's name in the OCI image spec.
const ARCHITECTURE: &str = match std::env::consts::ARCH.as_bytes() {
    b"x86_64" => "amd64",
    b"aarch64" => "arm64",
    _ => std::env::consts::ARCH,
};

pub(super) fn add<'js>(ctx: &Ctx<'js>, runtime: &Object<'js>) -> Result<()> {
    let plain = std::env::var_os("NO_COLOR").is_some();
    runtime.set("architecture", ARCHITECTURE)?;
    runtime.set("interactive", io::stderr().is_terminal() && !plain)?;
    runtime.set(
        "out",
        Function::new(ctx.clone(), |ctx, text| {
            print(&ctx, &mut io::stdout(), text)
        })?,
    )?;
    runtime.set(
        "err",
        Function::new(ctx.clone(), |ctx, text| {
            print(&ctx, &mut io::stderr(), text)
        })?,
    )?;
    runtime.set("now", Function::new(ctx.clone(), now)?)?;
    let start = Instant::now();
    let monotonic = move || start.elapsed().as_secs_f64() * 1000.0;
    runtime.set("monotonicMs", Function::new(ctx.clone(), monotonic)?)?;
    let sleep = |milliseconds: f64| {
        // The program's pauses are whole and positive; a NaN is none.
        thread::sleep(Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default());
    };
    runtime.set("sleep", Function::new(ctx.clone(), sleep)?)?;
    runtime.set("readFile", Function::new(ctx.clone(), read_file)?)?;
    runtime.set("listDirectory", Function::new(ctx.clone(), list_directory)?)?;
    runtime.set("readStart", Function::new(ctx.clone(), read_start)?)?;
    runtime.set(
        "fileKind",
        Function::new(ctx.clone(), |path: String| files::file_kind(&path))?,
    )?;
    runtime.set("run", Function::new(ctx.clone(), run)?)
}

/// Writes all of `text` at once. A reader that has gone away is no fault of the program.
fn print(ctx: &Ctx<'_>, stream: &mut dyn Write, text: String) -> Result<()> {
    match stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Exception::throw_message(
            ctx,
            &format!("Cannot write the output: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Unix seconds, or 0 when the clock has not been set.
fn now() -> f64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    if since.as_secs() < CLOCK_IS_SET {
        0.0
    } else {
        since.as_secs() as f64
    }
}

fn read_file(ctx: Ctx<'_>, path: String, limit: f64) -> Result<Option<TypedArray<'_, u8>>> {
    let limit = number::offset(&ctx, limit)?;
    let bytes = files::read_file(&path, limit).or_throw(&ctx)?;
    bytes
        .map(|bytes| TypedArray::new(ctx.clone(), bytes))
        .transpose()
}

fn read_start(ctx: Ctx<'_>, path: String, length: f64) -> Result<Option<TypedArray<'_, u8>>> {
    let length = number::offset(&ctx, length)?;
    let bytes = files::read_start(&path, length).or_throw(&ctx)?;
    bytes
        .map(|bytes| TypedArray::new(ctx.clone(), bytes))
        .transpose()
}

fn list_directory(ctx: Ctx<'_>, path: String) -> Result<Option<Vec<String>>> {
    files::list_directory(&path).or_throw(&ctx)
}

fn run(
    ctx: Ctx<'_>,
    program: String,
    arguments: Vec<String>,
    timeout_seconds: f64,
) -> Result<Object<'_>> {
    let limit = Duration::try_from_secs_f64(timeout_seconds).map_err(|_| {
        Exception::throw_range(
            &ctx,
            &format!("Cannot use {timeout_seconds} as a time limit in seconds"),
        )
    })?;
    let ending = process::run(&program, &arguments, limit).or_throw(&ctx)?;
    let result = Object::new(ctx.clone())?;
    result.set("status", ending.status)?;
    result.set("signal", ending.signal)?;
    result.set("timedOut", ending.timed_out)?;
    result.set("output", ending.output)?;
    Ok(result)
}
