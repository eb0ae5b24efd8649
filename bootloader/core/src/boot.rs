//! The whole boot but the firmware calls: find a slot that may start, count the attempt, and go on when it does not.

use alloc::vec;
use alloc::vec::Vec;

use crate::check::{self, Candidate, Refusal};
use crate::choose::{self, Ending, Verdict};
use crate::device::Device;
use crate::environment::Environment;
use crate::error::Error;
use crate::mark::Mark;
use crate::record::Record;
use crate::ring;
use crate::slot::{Reason, SlotEntry, SlotState, Trial};
use crate::superblock::{Copy, Superblock};

/// A search for something to boot, along the state table of FORMAT.md §7.
///
/// Take [`next_candidate`](Self::next_candidate), start it, and when that fails say so with
/// [`start_failed`](Self::start_failed) and take the next one. It ends: each slot is given out at most once in each of
/// two passes.
#[derive(Debug)]
pub struct Search<'a, D, E> {
    device: &'a mut D,
    environment: &'a mut E,
    superblock: Superblock,
    /// The record that counts, with the changes that wait to be written.
    record: Record,
    changed: bool,
    writable: bool,
    last_resort: bool,
    /// The mark of the last attempt that the disk knows of, as far as it is in memory.
    mark: Mark,
    queue: vec::IntoIter<u8>,
}

macro_rules! log {
    ($search:expr, $($line:tt)*) => {
        $search.environment.log(format_args!($($line)*))
    };
}

impl<'a, D: Device, E: Environment> Search<'a, D, E> {
    /// Reads the superblock and the record that counts. Nothing is written yet.
    ///
    /// # Errors
    /// Those of [`Superblock::read`] and [`ring::current`]: there is no volume to boot from.
    pub fn open(device: &'a mut D, environment: &'a mut E) -> Result<Self, Error> {
        let superblock = Superblock::read(device)?;
        let record = ring::current(device, &superblock)?;
        let writable = superblock.writable() && device.writable();
        let mut search = Self {
            device,
            environment,
            superblock,
            record,
            changed: false,
            writable,
            last_resort: false,
            mark: Mark::NONE,
            queue: Vec::new().into_iter(),
        };
        search.begin_first_pass();
        Ok(search)
    }

    /// The machine, for whoever starts a candidate.
    pub fn environment(&mut self) -> &mut E {
        self.environment
    }

    /// The next slot that may start. When this returns, everything that a record has to say is on the disk: the
    /// candidate may be started at once.
    ///
    /// # Errors
    /// [`Error::NoBootableSlot`] when nothing is left, and from then on.
    pub fn next_candidate(&mut self) -> Result<Candidate<E::Buffer>, Error> {
        loop {
            while let Some(number) = self.queue.next() {
                if let Some(candidate) = self.try_slot(number) {
                    return Ok(candidate);
                }
            }
            if self.last_resort {
                return Err(Error::NoBootableSlot);
            }
            self.begin_last_resort();
        }
    }

    /// Notes that the firmware refused to start a candidate, or that its kernel returned. `detail` is kept as far as it
    /// fits into 48 bytes.
    pub fn start_failed(&mut self, candidate: &Candidate<E::Buffer>, detail: &str) {
        let slot = candidate.slot;
        log!(self, "slot {slot}: did not start: {detail}");
        self.give_up(slot, Reason::START, detail);
        self.save();
    }

    /// Notes that the firmware had too little memory to start a candidate, for which the slot is not to blame. `detail`
    /// is kept as far as it fits into 48 bytes.
    pub fn start_lacked_memory(&mut self, candidate: &Candidate<E::Buffer>, detail: &str) {
        let slot = candidate.slot;
        log!(self, "slot {slot}: too little memory to start it: {detail}");
        self.note_lack_of_memory(slot, detail);
        self.save();
    }

    fn begin_first_pass(&mut self) {
        let Superblock {
            volume_uuid, copy, ..
        } = self.superblock;
        let (sequence, floor) = (self.record.sequence(), self.record.floor());
        log!(
            self,
            "volume {volume_uuid}: record {sequence}, floor {floor}"
        );
        if copy == Copy::B {
            log!(self, "superblock copy A is damaged, copy B counts");
        }
        if !self.writable {
            log!(self, "the volume cannot be written: no trials");
        }
        self.settle_attempts();
        for number in choose::ranking(self.record.slots(), self.writable, Verdict::Exhausted) {
            if let Some(entry) = self.entry(number) {
                let progress = entry.progress.name();
                log!(
                    self,
                    "slot {number}: given up, no attempts left, the last one got to: {progress}"
                );
                self.change(number, choose::exhausted(&entry));
            }
        }
        self.queue =
            choose::ranking(self.record.slots(), self.writable, Verdict::Candidate).into_iter();
    }

    /// Notes how the attempts ended that nobody has said a word about.
    fn settle_attempts(&mut self) {
        if !self.writable {
            return;
        }
        for (number, entry) in (0..).zip(self.record.slots().to_vec()) {
            if !choose::is_open(&entry) {
                continue;
            }
            let mark = Mark::of(&self.superblock, &entry);
            let ending = match self.environment.finds_mark(&mark) {
                None => continue,
                Some(true) => {
                    self.mark = mark;
                    Ending::Reset
                }
                Some(false) => Ending::PowerLost,
            };
            let settled = choose::settled(&entry, ending);
            let (reason, progress) = (settled.reason.name(), entry.progress.name());
            let given_back = if settled.attempts_left > entry.attempts_left {
                ", it is given back"
            } else {
                ""
            };
            log!(
                self,
                "slot {number}: its last attempt got to {progress} and ended by {reason}{given_back}"
            );
            self.record.set_slot(number, settled);
            self.changed = true;
        }
    }

    fn begin_last_resort(&mut self) {
        self.save();
        self.last_resort = true;
        self.queue =
            choose::ranking(self.record.slots(), self.writable, Verdict::LastResort).into_iter();
        log!(
            self,
            "no candidate is left, trying failed slots that were confirmed once: {}",
            self.queue.len()
        );
    }

    fn try_slot(&mut self, number: u8) -> Option<Candidate<E::Buffer>> {
        let entry = self.entry(number)?;
        if entry.state == SlotState::Trial && !self.writable {
            log!(
                self,
                "slot {number}: passed over, a trial needs a volume that can be written"
            );
            return None;
        }
        if entry.state == SlotState::Trial && !self.count(number, &entry) {
            log!(
                self,
                "slot {number}: passed over, its attempt cannot be counted"
            );
            return None;
        }
        let floor = self.record.floor();
        match check::check(
            self.device,
            self.environment,
            &self.superblock,
            floor,
            number,
            &entry,
        ) {
            Ok(candidate) => Some(self.begin(candidate)),
            Err(refusal) => {
                self.refuse(number, &refusal);
                None
            }
        }
    }

    /// Puts an attempt on the disk before anything of the slot is read.
    fn count(&mut self, number: u8, entry: &SlotEntry) -> bool {
        let begun = choose::begun(entry);
        let mark = Mark::of(&self.superblock, &begun);
        self.environment.leave_mark(&mark);
        self.record.set_slot(number, begun);
        self.changed = true;
        let counted = self.save();
        if counted {
            self.mark = mark;
        } else {
            // The count may have landed all the same: the next boot must not take an attempt that never began for a crash.
            self.environment.leave_mark(&self.mark);
            self.record.set_slot(number, *entry);
        }
        counted
    }

    fn begin(&mut self, mut candidate: Candidate<E::Buffer>) -> Candidate<E::Buffer> {
        candidate.last_resort = self.last_resort;
        let Candidate {
            slot,
            trial,
            release,
            ..
        } = &candidate;
        let (name, version) = (&release.name, &release.version);
        match trial {
            Some(Trial { attempt, total }) => {
                if let Some(entry) = self.entry(*slot) {
                    self.record.set_slot(*slot, choose::handed_over(&entry));
                    self.changed = true;
                }
                // Counted it is already: without this note it starts all the same.
                self.save();
                log!(
                    self,
                    "slot {slot}: {name} {version}, trial {attempt} of {total}"
                );
            }
            None if self.last_resort => {
                log!(
                    self,
                    "slot {slot}: {name} {version}, failed before, nothing else is left"
                );
            }
            None => {
                // A confirmed slot starts also where the failures of others cannot be noted.
                self.save();
                log!(self, "slot {slot}: {name} {version}, confirmed");
            }
        }
        candidate
    }

    fn refuse(&mut self, number: u8, refusal: &Refusal) {
        let Refusal { error, .. } = refusal;
        log!(
            self,
            "slot {number}: passed over, {}: {error} ({})",
            error.code(),
            refusal.detail()
        );
        match error {
            Error::OutOfMemory { .. } => self.note_lack_of_memory(number, refusal.detail()),
            _ => self.give_up(number, Reason::of(error), refusal.detail()),
        }
    }

    /// A trial has been charged for this attempt, so it ends when there never is enough. Of others there is nothing to note.
    fn note_lack_of_memory(&mut self, number: u8, detail: &str) {
        if let Some(entry) = self.entry(number)
            && entry.state == SlotState::Trial
        {
            self.record
                .set_slot(number, choose::lacked_memory(&entry, detail));
            self.changed = true;
        }
    }

    /// The second pass changes nothing: its slots have failed already.
    fn give_up(&mut self, number: u8, reason: Reason, detail: &str) {
        if !self.last_resort
            && let Some(entry) = self.entry(number)
        {
            self.change(number, choose::failed(&entry, reason, detail));
        }
    }

    fn change(&mut self, number: u8, failed: SlotEntry) {
        self.record.set_slot(number, failed);
        self.record.note_failure(failed.failure());
        self.changed = true;
    }

    /// Writes the changes, if there are any. After a write that failed the volume counts as read only, because further
    /// records would come ever closer to the one that still counts.
    fn save(&mut self) -> bool {
        if !self.changed {
            return true;
        }
        if !self.writable {
            return false;
        }
        match ring::write_next(
            self.device,
            &self.superblock,
            &self.record,
            self.environment.now(),
        ) {
            Ok(written) => {
                self.record = written;
                self.changed = false;
            }
            Err(error) => {
                log!(
                    self,
                    "the boot record cannot be written, {}: {error}",
                    error.code()
                );
                self.writable = false;
            }
        }
        self.writable
    }

    fn entry(&self, number: u8) -> Option<SlotEntry> {
        self.record.slots().get(usize::from(number)).copied()
    }
}
