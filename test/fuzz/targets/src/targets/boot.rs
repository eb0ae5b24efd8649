//! What boots from a volume that something happened to. Input: a recipe. It boots up to four times in a row; each time
//! the firmware refuses up to two candidates, one of them for want of memory, and the machine is switched off when the next one starts.

use core::cell::RefCell;

use cocon_core::release::Blob;
use cocon_core::slot::{Progress, Reason, SlotState};
use cocon_core::{
    Candidate, Device, Digest, Error, LoadedFile, Record, Release, Search, Superblock, ring,
};

use crate::allocation::within;
use crate::disk::Disk;
use crate::machine::Machine;
use crate::recipe::{self, Recipe};
use crate::target::{Target, as_it_is};

/// The longest ring with its records, and the files of a slot, which the machine bounds.
const MEMORY: usize = 4 << 20;
/// Three slots at most are in use, each is given out once in each of two passes.
const STARTS: usize = 2 * 3;

pub(crate) const TARGET: Target = Target {
    name: "boot",
    longest: recipe::LONGEST,
    sample: recipe::sample_input,
    repair: as_it_is,
    run,
};

fn run(input: &[u8]) {
    let Recipe {
        mut disk,
        mut machine,
        boots,
        signed,
    } = Recipe::new(input);
    let mut before = read(&mut disk);
    for boot in 0..boots {
        disk.writes.clear();
        let shared = RefCell::new(disk);
        let mut started = Vec::new();
        let runs = within(MEMORY, || {
            boot_once(&shared, &mut machine, boot, |candidate, disk| {
                check_candidate(candidate, disk, before.as_ref(), &signed);
                started.push((candidate.slot, candidate.last_resort));
            })
        });
        disk = shared.into_inner();
        let Some((superblock, record)) = &before else {
            assert!(started.is_empty() && disk.writes.is_empty());
            return;
        };
        assert!(started.len() <= STARTS);
        for (index, start) in started.iter().enumerate() {
            assert!(
                !started[..index].contains(start),
                "a slot starts once in a pass"
            );
        }
        check_writes(&disk, superblock);
        if runs {
            check_steady(&disk, record, &started);
        }
        let after = check_record(&mut disk, superblock, record);
        before = Some((superblock.clone(), after));
    }
}

fn read(disk: &mut Disk) -> Option<(Superblock, Record)> {
    let superblock = Superblock::read(disk).ok()?;
    let record = ring::current(disk, &superblock).ok()?;
    Some((superblock, record))
}

/// Boots, and shows each candidate with the disk at the moment of its start. Returns whether the last one runs.
fn boot_once(
    disk: &RefCell<Disk>,
    machine: &mut Machine,
    boot: usize,
    mut show: impl FnMut(&Candidate<Vec<u8>>, &Disk),
) -> bool {
    let mut device = Shared(disk);
    let Ok(mut search) = Search::open(&mut device, machine) else {
        return false;
    };
    for turn in boot.. {
        let Ok(candidate) = search.next_candidate() else {
            assert_eq!(search.next_candidate().err(), Some(Error::NoBootableSlot));
            return false;
        };
        show(&candidate, &disk.borrow());
        match turn % 3 {
            0 => return true,
            1 => search.start_failed(&candidate, "refused by the firmware"),
            _ => search.start_lacked_memory(&candidate, "refused for want of memory"),
        }
    }
    false
}

/// A disk that is looked at between the steps of a search.
struct Shared<'a>(&'a RefCell<Disk>);

impl Device for Shared<'_> {
    fn size_bytes(&self) -> u64 {
        self.0.borrow().size_bytes()
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        self.0.borrow_mut().read(offset, into)
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        self.0.borrow_mut().write(offset, bytes)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.0.borrow_mut().flush()
    }

    fn writable(&self) -> bool {
        self.0.borrow().writable()
    }
}

/// Only what was signed starts, whole, and a trial only once it is counted on the disk.
fn check_candidate(
    candidate: &Candidate<Vec<u8>>,
    disk: &Disk,
    before: Option<&(Superblock, Record)>,
    signed: &[Vec<u8>],
) {
    let (superblock, record) = before.expect("nothing starts from a volume that cannot be read");
    let json = signed
        .iter()
        .find(|json| Digest::of(json) == candidate.release_digest)
        .expect("only signed releases start");
    let release = Release::parse(json).expect("what starts is a release");
    assert_eq!(release, candidate.release);
    assert!(release.security_version >= record.floor());
    assert_eq!(release.architecture.name(), "amd64");
    assert!(is_whole(&candidate.kernel, release.kernel));
    match (&candidate.initrd, release.initrd) {
        (Some(file), Some(blob)) => assert!(is_whole(file, blob)),
        (found, wanted) => assert!(found.is_none() && wanted.is_none()),
    }
    if let Some(tree) = &candidate.device_tree {
        let mut signed = release.device_trees.iter();
        assert!(signed.any(|each| is_whole(tree, each.blob)));
    }
    assert!(candidate.command_line.len() <= 2047 && candidate.command_line.is_ascii());
    let slot = usize::from(candidate.slot);
    let entry = record.slots()[slot];
    assert_eq!(entry.release_digest, candidate.release_digest);
    match candidate.trial {
        Some(trial) => {
            assert!(entry.state == SlotState::Trial && !disk.read_only && superblock.writable());
            let block = disk.last_written().expect("a trial is counted");
            let counted = Record::parse(disk.block(block as usize), block, superblock)
                .expect("what was written last is a record")
                .slots()[slot];
            assert_eq!(trial.total - trial.attempt, counted.attempts_left);
            assert_eq!(counted.reason, Reason::NONE);
            assert!([Progress::LOADER, Progress::KERNEL].contains(&counted.progress));
        }
        None if candidate.last_resort => {
            assert!(entry.was_confirmed());
        }
        None => assert_eq!(entry.state, SlotState::Confirmed),
    }
}

fn is_whole(file: &LoadedFile<Vec<u8>>, blob: Blob) -> bool {
    file.bytes().len() as u64 == blob.size && Digest::of(file.bytes()) == blob.sha256
}

/// The loader writes boot records, and nothing else anywhere.
fn check_writes(disk: &Disk, superblock: &Superblock) {
    let [ring0, ring1] = superblock.ring_blocks;
    let records = u64::from(superblock.ring_records);
    for block in &disk.writes {
        let inside = [ring0, ring1]
            .iter()
            .any(|first| (*first..*first + records).contains(block));
        assert!(inside, "block {block} was written");
    }
    // Two for each trial and one for each refusal, each of which may take a second write; and one for the rest.
    assert!(disk.writes.len() <= 2 * (3 * STARTS + 2));
}

/// A boot whose best slot is confirmed and starts writes nothing.
fn check_steady(disk: &Disk, record: &Record, started: &[(u8, bool)]) {
    let in_trial = record
        .slots()
        .iter()
        .any(|entry| entry.state == SlotState::Trial);
    let best = (0..)
        .zip(record.slots())
        .filter(|(_, entry)| entry.state == SlotState::Confirmed)
        .max_by_key(|(number, entry)| (entry.priority, u8::MAX - number));
    if let ([(slot, false)], Some((number, _)), false) = (started, best, in_trial)
        && *slot == number
    {
        assert!(disk.writes.is_empty(), "a confirmed boot writes nothing");
    }
}

/// A boot takes attempts and gives up slots; it never makes a slot better, and touches nothing else of the record. Returns
/// the record that it leaves.
fn check_record(disk: &mut Disk, superblock: &Superblock, before: &Record) -> Record {
    let after = ring::current(disk, superblock).expect("a boot costs no volume its record");
    assert_eq!(after.floor(), before.floor());
    for (old, new) in before.slots().iter().zip(after.slots()) {
        assert_eq!(
            (
                old.generation,
                old.priority,
                old.flags,
                old.attempts_total,
                old.shutdowns
            ),
            (
                new.generation,
                new.priority,
                new.flags,
                new.attempts_total,
                new.shutdowns
            )
        );
        assert_eq!(
            (
                old.descriptor_block,
                old.descriptor_blocks,
                old.release_digest
            ),
            (
                new.descriptor_block,
                new.descriptor_blocks,
                new.release_digest
            )
        );
        assert!(new.state == old.state || new.state == SlotState::Failed);
        assert!(new.interruptions_left <= old.interruptions_left);
        let given_back = old.interruptions_left - new.interruptions_left;
        assert!(given_back <= 1 && new.attempts_left <= old.attempts_left + given_back);
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing: the firmware refuses a confirmed slot that is no last resort, and that is noted.
    #[test]
    fn a_refused_confirmed_boot_may_write() {
        run(&[
            0x93, 0x05, 0x1c, 0x1c, 0x09, 0, 0x1c, 0, 0x6e, 0, 0, 0x8a, 0x81, 0, 0, 0, 0, 0, 0, 0,
            0, 0x32, 0x8a, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x6e, 0, 0, 0x8a, 0x81, 0x8a,
            0x8a, 0x8a, 0x8a, 0x8a, 0x8a, 0x03, 0, 0,
        ]);
    }
}
