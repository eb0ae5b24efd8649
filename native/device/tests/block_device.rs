//! Files as devices: reads and writes at offsets, the lock, and what is refused.

use std::fs;
use std::path::PathBuf;

use cocon_device::platform::block_device::{BlockDevice, Mode};

/// A file of `size` zeros that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, size: usize) -> Self {
        let path = std::env::temp_dir().join(format!("cocon-device-{name}-{}", std::process::id()));
        fs::write(&path, vec![0; size]).unwrap();
        Self(path)
    }

    fn open(&self, mode: Mode) -> Result<BlockDevice, cocon_device::platform::Failure> {
        BlockDevice::open(self.0.to_str().unwrap(), mode)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn write_is_read_back_after_the_caches_are_dropped() {
    let scratch = Scratch::new("write", 8192);
    let device = scratch.open(Mode::Write).unwrap();
    assert_eq!((device.size(), device.sector()), (8192, 512));
    device.write(4000, b"across a block").unwrap();
    device.flush().unwrap();
    device.drop_caches();
    let mut found = [0; 14];
    device.read(4000, &mut found).unwrap();
    assert_eq!(&found, b"across a block");
}

#[test]
fn read_past_the_end_is_an_error() {
    let scratch = Scratch::new("end", 100);
    let failure = scratch
        .open(Mode::Read)
        .unwrap()
        .read(96, &mut [0; 5])
        .unwrap_err();
    assert_eq!(failure.code, "SDFS_IO");
    assert!(
        failure.message.contains("5 bytes at 96"),
        "{}",
        failure.message
    );
}

#[test]
fn write_never_makes_a_file_longer() {
    let scratch = Scratch::new("longer", 100);
    let device = scratch.open(Mode::Write).unwrap();
    assert_eq!(device.write(96, &[1; 5]).unwrap_err().code, "SDFS_IO");
    assert_eq!(device.write(u64::MAX, &[1; 5]).unwrap_err().code, "SDFS_IO");
    assert_eq!(fs::read(&scratch.0).unwrap(), [0; 100]);
}

#[test]
fn a_second_writer_is_refused_until_the_first_has_closed() {
    let scratch = Scratch::new("lock", 100);
    let first = scratch.open(Mode::Write).unwrap();
    assert_eq!(scratch.open(Mode::Write).unwrap_err().code, "VOLUME_LOCKED");
    scratch.open(Mode::Read).unwrap();
    drop(first);
    scratch.open(Mode::Write).unwrap();
}

#[test]
fn a_device_opened_for_reading_refuses_a_write() {
    let scratch = Scratch::new("reading", 100);
    assert_eq!(
        scratch
            .open(Mode::Read)
            .unwrap()
            .write(0, &[1])
            .unwrap_err()
            .code,
        "SDFS_READ_ONLY"
    );
}

#[test]
fn open_refuses_what_is_no_device() {
    assert_eq!(
        BlockDevice::open("/nonexistent", Mode::Read)
            .unwrap_err()
            .code,
        "FILE_NOT_FOUND"
    );
    assert_eq!(
        BlockDevice::open("/tmp", Mode::Read).unwrap_err().code,
        "SDFS_IO"
    );
    assert_eq!(
        BlockDevice::open("/dev/null", Mode::Write)
            .unwrap_err()
            .code,
        "SDFS_IO"
    );
}
