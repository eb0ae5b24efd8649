//! What a kernel is handed: its device tree, and its command line (FORMAT.md §9).

mod support;

use cocon_core::Device;
use cocon_core::gpt::TableCopy;
use support::{Machine, Slot, boot, boot_on, current, disk_of};

#[test]
fn only_the_device_tree_that_the_machine_wants_is_loaded() {
    let mut slot = Slot::confirmed(1);
    slot.files.truncate(2);
    slot.files.push((5, "dtb/a.dtb", support::pattern(5000, 1)));
    slot.files.push((5, "dtb/b.dtb", support::pattern(6000, 2)));
    slot.release = support::release(&slot.files, "1");
    let mut disk = disk_of(&[slot]);
    let mut other = Machine::new();
    let candidate = boot_on(&mut disk, &mut other).unwrap();
    assert!(candidate.device_tree.is_none());
    let line = "slot 0: none of its device trees is named after this machine";
    assert!(other.log.iter().any(|each| each == line), "{:?}", other.log);
    let mut machine = Machine {
        compatible: &["b.dtb", "a.dtb"],
        ..Machine::new()
    };
    let candidate = boot_on(&mut disk, &mut machine).unwrap();
    assert_eq!(
        candidate.device_tree.unwrap().bytes(),
        support::pattern(6000, 2),
        "the most specific one"
    );
    assert!(!candidate.command_line.contains("root="));
}

#[test]
fn the_command_line_is_the_one_of_the_specification() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 2)]);
    let candidate = boot(&mut disk).unwrap();
    let entry = current(&mut disk).slots()[1];
    let part = support::PARTITION;
    let start = (entry.descriptor_block + 7) * 8;
    let root_hash = cocon_core::Digest::of(b"root");
    let expected = format!(
        "console=ttyS0 cocon.slot=1 cocon.release={} cocon.volume=PARTUUID={part} cocon.attempt=2/3 \
         root=/dev/dm-2 ro rootfstype=erofs dm-mod.waitfor=PARTUUID={part} \
         dm-mod.create=\"sdfs,,0,ro,0 {} linear PARTUUID={part} 0;image,,1,ro,0 32 linear /dev/dm-0 {start};\
         root,,2,ro,0 24 verity 1 /dev/dm-1 /dev/dm-1 4096 4096 3 3 sha256 {root_hash} -\"",
        entry.release_digest,
        disk.size_bytes() / 512,
    );
    assert_eq!(candidate.command_line, expected);
}

#[test]
fn the_command_line_tells_linux_to_take_the_backup_of_a_lost_partition_table() {
    let mut disk = disk_of(&[Slot::confirmed(1), Slot::trial(2, 2)]);
    let mut machine = Machine {
        table: TableCopy::Backup,
        ..Machine::new()
    };
    let line = boot_on(&mut disk, &mut machine).unwrap().command_line;
    let expected = format!(
        " cocon.volume=PARTUUID={} gpt cocon.attempt=2/3 ",
        support::PARTITION
    );
    assert!(line.contains(&expected), "{line}");
}
