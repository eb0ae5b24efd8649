//! Small files and directories.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use cocon_device::platform::files::{file_kind, list_directory, read_file, read_start};

#[test]
fn read_file_takes_a_file_that_claims_no_size() {
    assert!(
        !read_file("/proc/self/status", 65_536)
            .unwrap()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn read_file_knows_absence_from_excess() {
    let size = std::fs::metadata("Cargo.toml").unwrap().len();
    assert_eq!(read_file("/nonexistent", 1).unwrap(), None);
    assert_eq!(read_file("Cargo.toml/inside", 1).unwrap(), None);
    assert_eq!(
        read_file("Cargo.toml", size).unwrap().unwrap().len() as u64,
        size
    );
    assert_eq!(
        read_file("Cargo.toml", size - 1).unwrap_err().code,
        "FILE_TOO_LARGE"
    );
    assert_eq!(read_file("/tmp", 1).unwrap_err().code, "FILE_UNREADABLE");
}

#[test]
fn list_directory_sorts_names() {
    let directory = std::env::temp_dir().join(format!("cocon-device-list-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    for name in ["b", "a", "10", "9"] {
        std::fs::write(directory.join(name), "").unwrap();
    }
    let names = list_directory(directory.to_str().unwrap());
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(names.unwrap().unwrap(), ["10", "9", "a", "b"]);
    assert_eq!(list_directory("/nonexistent").unwrap(), None);
}

#[test]
fn list_directory_refuses_a_name_that_the_program_could_not_open() {
    let directory = std::env::temp_dir().join(format!("cocon-device-names-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join(OsStr::from_bytes(b"20-caf\xe9")), "").unwrap();
    let path = directory.to_str().unwrap();
    let failure = list_directory(path).unwrap_err();
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(failure.code, "FILE_UNREADABLE");
    let message = format!("Cannot read {path}: the name 20-caf\u{fffd} in it is not UTF-8");
    assert_eq!(failure.message, message);
    assert!(failure.hint.is_some());
}

#[test]
fn file_kind_tells_programs_from_the_rest() {
    let kinds = ["/bin/sh", "Cargo.toml", "/bin", "/dev/null", "/nonexistent"].map(file_kind);
    assert_eq!(kinds, ["program", "file", "directory", "other", "nothing"]);
}

#[test]
fn read_start_reads_no_further() {
    assert_eq!(read_start("Cargo.toml", 9).unwrap().unwrap(), b"[package]");
    assert_eq!(read_start("/nonexistent", 9).unwrap(), None);
}
