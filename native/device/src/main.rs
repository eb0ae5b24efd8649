//! `cocon-update` for devices: the bundle of `updater/src/device-main.ts` in the engine.

use std::process::ExitCode;

use cocon_device::engine::{self, Limits};

/// Written by `native/device/build.ts`.
const PROGRAM: &[u8] = include_bytes!("../../../out/device/cocon-update.js");

fn main() -> ExitCode {
    let arguments = std::env::args_os()
        .skip(1)
        .map(|each| each.to_string_lossy().into_owned())
        .collect();
    match engine::run("cocon-update", PROGRAM, arguments, &Limits::default()) {
        Ok(status) => ExitCode::from(status),
        Err(message) => {
            eprintln!("cocon-update: {message} [INTERNAL]");
            ExitCode::FAILURE
        }
    }
}
