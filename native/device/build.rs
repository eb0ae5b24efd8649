//! Gives the static musl build the `libunwind` that `std` asks the linker for.
//!
//! The device profile aborts on a panic and `std` is built without backtraces, so nothing of it is ever called: an
//! archive without members satisfies the linker.

use std::path::Path;
use std::{env, fs, io};

const EMPTY_ARCHIVE: &[u8] = b"!<arch>\n";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ENV").as_deref() != Ok("musl") {
        return Ok(());
    }
    let folder = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&folder).join("libunwind.a"), EMPTY_ARCHIVE)?;
    println!("cargo::rustc-link-search=native={folder}");
    Ok(())
}
