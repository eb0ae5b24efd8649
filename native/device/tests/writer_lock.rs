//! What a writer locks, by /sys as Linux lays it out in a folder: nobody needs a disk to try these.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use cocon_device::platform::writer_lock::{Disk, disk_of};
use rustix::fs::makedev;

/// A /sys of one disk with a partition, and a loop device; removed at the end.
struct Sys(PathBuf);

impl Sys {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("cocon-sys-{name}-{}", std::process::id()));
        let sys = Self(root);
        sys.device("pci/vda", "vda", "254:0");
        sys.device("pci/vda/vda2", "vda2", "254:2");
        sys.put("pci/vda/vda2/partition", "2\n");
        sys.device("virtual/loop7", "loop7", "7:7");
        sys.put("virtual/loop7/loop/backing_file", "/images/a disk.img\n");
        sys
    }

    fn device(&self, folder: &str, name: &str, number: &str) {
        self.put(&format!("{folder}/dev"), &format!("{number}\n"));
        self.put(
            &format!("{folder}/uevent"),
            &format!("MAJOR=1\nDEVNAME={name}\n"),
        );
        let links = self.block();
        fs::create_dir_all(&links).unwrap();
        symlink(format!("../../devices/{folder}"), links.join(number)).unwrap();
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.0.join("devices").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn block(&self) -> PathBuf {
        self.0.join("dev/block")
    }
}

impl Drop for Sys {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn disk_of_gives_the_whole_disk_of_a_partition_and_of_itself() {
    let sys = Sys::new("disk");
    let vda = || Disk {
        node: "/dev/vda".into(),
        number: "254:0".into(),
        backing_file: None,
    };
    assert_eq!(disk_of(makedev(254, 2), &sys.block()).unwrap(), vda());
    assert_eq!(disk_of(makedev(254, 0), &sys.block()).unwrap(), vda());
}

#[test]
fn disk_of_gives_the_file_below_a_loop_device() {
    let sys = Sys::new("loop");
    let disk = disk_of(makedev(7, 7), &sys.block()).unwrap();
    assert_eq!(disk.node, Path::new("/dev/loop7"));
    assert_eq!(
        disk.backing_file.as_deref(),
        Some(Path::new("/images/a disk.img"))
    );
}

#[test]
fn disk_of_fails_for_a_device_that_sys_does_not_know() {
    let sys = Sys::new("unknown");
    assert!(disk_of(makedev(1, 1), &sys.block()).is_err());
}
