//! A path: a regular file has a size and ranges, anything else (a pipe, say) comes in order only.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;

use super::{Ranges, Source, unreadable};
use crate::platform::Failure;
use crate::platform::failure::reason;

pub(super) fn open(path: &str) -> Result<Source, Failure> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Failure::new(
            "SOURCE_NOT_FOUND",
            format!("Cannot open {path}: {}", reason(&error)),
        ),
        _ => unreadable(path, &error),
    })?;
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    if metadata.is_dir() {
        let message = format!("Cannot read {path}: it is a directory, and an image is one file");
        return Err(Failure::new("SOURCE_IO", message));
    }
    if !metadata.is_file() {
        return Ok(Source::new(path, None, Box::new(file), None));
    }
    let again = file.try_clone().map_err(|error| unreadable(path, &error))?;
    let ranges = FileRanges {
        name: path.to_owned(),
        file: again,
    };
    Ok(Source::new(
        path,
        Some(metadata.len()),
        Box::new(file),
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
