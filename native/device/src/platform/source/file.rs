//! A path: a regular file has a size and ranges, anything else (a pipe, say) comes in order only.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use super::{Ranges, Source, unreadable};
use crate::platform::Failure;
use crate::platform::failure::reason;

/// How messages name standard input.
const STANDARD_INPUT: &str = "standard input";

pub(super) fn open(path: &str) -> Result<Source, Failure> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Failure::new(
            "SOURCE_NOT_FOUND",
            format!("Cannot open {path}: {}", reason(&error)),
        )
        .hint("Give the path of an image.oci, an http:// URL, or - for standard input."),
        _ => unreadable(path, &error),
    })?;
    from_file(path, file)
}

/// Standard input, which has a size and ranges as well when a regular file was redirected to it.
pub(super) fn standard_input() -> Result<Source, Failure> {
    let input = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| unreadable(STANDARD_INPUT, &error))?;
    from_file(STANDARD_INPUT, File::from(input))
}

fn from_file(name: &str, file: File) -> Result<Source, Failure> {
    let metadata = file.metadata().map_err(|error| unreadable(name, &error))?;
    if metadata.is_dir() {
        let message = format!("Cannot read {name}: it is a directory, and an image is one file");
        return Err(Failure::new("SOURCE_IO", message)
            .hint("Make an archive of an OCI layout: tar -C layout -cf image.oci oci-layout index.json blobs."));
    }
    if !metadata.is_file() {
        return Ok(Source::new(name, None, Box::new(file), None));
    }
    let size = metadata.len();
    let again = file.try_clone().map_err(|error| unreadable(name, &error))?;
    let ranges = FileRanges {
        name: name.to_owned(),
        file: again,
    };
    Ok(Source::new(
        name,
        Some(size),
        Box::new(file.take(size)),
        Some(Box::new(ranges)),
    ))
}

struct FileRanges {
    name: String,
    file: File,
}

impl Ranges for FileRanges {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Failure> {
        self.file
            .read_exact_at(into, offset)
            .map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => {
                    let message = format!(
                        "Cannot read {}: it ends before {}",
                        self.name,
                        offset + into.len() as u64
                    );
                    Failure::new("SOURCE_SHORT", message)
                }
                _ => unreadable(&self.name, &error),
            })
    }
}
