//! One writer at a time for a volume, by the rule of `sdfs/DESIGN.md`, "One lock": an exclusive flock(2) on the image file, or
//! on the node of the whole disk, so that a writer of a partition and one of its disk meet. The host's other half is
//! `sdfs/src/node/writer-lock.ts`.

use core::time::Duration;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use rustix::fs::{FlockOperation, flock, major, minor};
use rustix::io::Errno;

use super::Failure;
use super::failure::reason;

/// Where Linux tells about block devices, by their numbers.
pub const SYS: &str = "/sys/dev/block";

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// What is locked in the place of a block device.
#[derive(Debug, PartialEq, Eq)]
pub struct Disk {
    /// The node of the whole disk, for example `/dev/vda`.
    pub node: PathBuf,
    /// Its number, `major:minor`.
    pub number: String,
    /// The file that a loop device shows.
    pub backing_file: Option<PathBuf>,
}

/// Locks out other writers of what `file` is open on, for as long as it and the returned file are open. Fails with
/// `VOLUME_LOCKED` after a few seconds, or `SDFS_IO`.
pub fn lock_for_writing(file: &File, path: &str) -> Result<Option<File>, Failure> {
    let cannot = |error: &io::Error| cannot_lock(path, &reason(error));
    let metadata = file.metadata().map_err(|e| cannot(&e))?;
    let node = if metadata.file_type().is_block_device() {
        Some(open_node(metadata.rdev(), path)?)
    } else {
        None
    };
    let locked = node.as_ref().unwrap_or(file);
    take(locked).map_err(|error| match error {
        Errno::WOULDBLOCK => Failure::new(
            "VOLUME_LOCKED",
            format!("Cannot open {path}: another process is writing to it"),
        )
        .hint("Wait for the other process to end."),
        error => cannot(&error.into()),
    })?;
    Ok(node)
}

/// The whole disk of the block device with the number `device`, itself if it is none of a partition.
pub fn disk_of(device: u64, sys: &Path) -> io::Result<Disk> {
    let folder = sys.join(format!("{}:{}", major(device), minor(device)));
    // The kernel resolves the link before the dots.
    let disk = if folder.join("partition").exists() {
        folder.join("..")
    } else {
        folder
    };
    let uevent = fs::read_to_string(disk.join("uevent"))?;
    let name = uevent
        .lines()
        .find_map(|line| line.strip_prefix("DEVNAME="))
        .ok_or(io::ErrorKind::InvalidData)?;
    Ok(Disk {
        node: Path::new("/dev").join(name),
        number: line(&disk.join("dev"))?,
        backing_file: line(&disk.join("loop/backing_file"))
            .ok()
            .map(PathBuf::from),
    })
}

/// Opened for reading: udev looks anew at a device that was open for writing.
fn open_node(device: u64, path: &str) -> Result<File, Failure> {
    let cannot = |what: &Path, error: &io::Error| {
        cannot_lock(path, &format!("{}: {}", what.display(), reason(error)))
    };
    let disk = disk_of(device, Path::new(SYS)).map_err(|e| cannot(Path::new(SYS), &e))?;
    if let Some(below) = &disk.backing_file
        && let Ok(metadata) = fs::metadata(below)
    {
        return if metadata.file_type().is_block_device() {
            open_node(metadata.rdev(), path)
        } else {
            File::open(below).map_err(|e| cannot(below, &e))
        };
    }
    let open = || {
        let node = File::open(&disk.node)?;
        let device = node.metadata()?.rdev();
        Ok((node, format!("{}:{}", major(device), minor(device))))
    };
    let (node, number) = open().map_err(|e| cannot(&disk.node, &e))?;
    if number == disk.number {
        Ok(node)
    } else {
        let (node, expected) = (disk.node.display(), &disk.number);
        let why = format!("{node} is device {number}, expected {expected}");
        Err(cannot_lock(path, &why))
    }
}

fn take(file: &File) -> Result<(), Errno> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => thread::sleep(PAUSE),
            result => return result,
        }
    }
}

fn line(path: &Path) -> io::Result<String> {
    let text = fs::read_to_string(path)?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

fn cannot_lock(path: &str, why: &str) -> Failure {
    Failure::new("SDFS_IO", format!("Cannot lock {path} for writing: {why}"))
        .hint("Writers of a partition lock the whole disk; /sys and the disk's node must be there.")
}
