//! Small files, directories and permissions: all that finding the volume and the health checks take.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};

use rustix::fs::{Access, access};

use super::Failure;
use super::failure::reason;

/// A file whole, or `None` when there is none. Fails with `FILE_TOO_LARGE` above `limit` bytes, else `FILE_UNREADABLE`.
pub fn read_file(path: &str, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
    let Some(file) = found(File::open(path)).map_err(|error| unreadable(path, &error))? else {
        return Ok(None);
    };
    // Files in /proc and /sys claim a size of 0, so the limit counts what was read.
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > limit {
        let message = format!(
            "Cannot read {path}: it is larger than the {limit} bytes that are expected at most"
        );
        return Err(Failure::new("FILE_TOO_LARGE", message));
    }
    Ok(Some(bytes))
}

/// The sorted names in a directory, or `None` when there is none. A name that is no text is `FILE_UNREADABLE`: passed on
/// with other letters, it would be a file that is not there, and a health check that is not run.
pub fn list_directory(path: &str) -> Result<Option<Vec<String>>, Failure> {
    let Some(entries) = found(fs::read_dir(path)).map_err(|error| unreadable(path, &error))? else {
        return Ok(None);
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(path, &error))?;
        let name = entry.file_name().into_string().map_err(|name| {
            let name = name.display();
            let message = format!("Cannot read {path}: the name {name} in it is not UTF-8");
            Failure::new("FILE_UNREADABLE", message).hint("Give that file another name.")
        })?;
        names.push(name);
    }
    names.sort_unstable();
    Ok(Some(names))
}

/// The first `length` bytes of a file, or `None` when there is none. Fails with `FILE_UNREADABLE`.
pub fn read_start(path: &str, length: u64) -> Result<Option<Vec<u8>>, Failure> {
    let Some(file) = found(File::open(path)).map_err(|error| unreadable(path, &error))? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    file.take(length)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    Ok(Some(bytes))
}

/// What is at the end of a path, in the words of `FileKind` in `updater/src/platform.ts`.
#[must_use]
pub fn file_kind(path: &str) -> &'static str {
    match fs::metadata(path) {
        Err(_) => "nothing",
        Ok(found) if found.is_dir() => "directory",
        Ok(found) if !found.is_file() => "other",
        Ok(_) if access(path, Access::EXEC_OK).is_ok() => "program",
        Ok(_) => "file",
    }
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        other => other.map(Some),
    }
}

fn unreadable(path: &str, error: &io::Error) -> Failure {
    Failure::new(
        "FILE_UNREADABLE",
        format!("Cannot read {path}: {}", reason(error)),
    )
}
