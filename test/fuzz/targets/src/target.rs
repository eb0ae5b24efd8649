//! The table of targets.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::targets::{
    boot, descriptor, device_tree, gpt, record, release, ring, signature, superblock, volume,
};

/// Something that reads bytes which nobody has verified.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name on the command line, and of its corpus.
    pub name: &'static str,
    /// Most bytes of an input.
    pub longest: usize,
    /// A good input, with which mutation begins.
    pub sample: fn() -> Vec<u8>,
    /// Puts right what a random change broke and no reader looks behind: checksums, signatures. The number is random.
    pub repair: fn(&mut [u8], u32),
    /// Reads an input. Panics when something does not hold.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    superblock::TARGET,
    record::TARGET,
    ring::TARGET,
    descriptor::TARGET,
    release::TARGET,
    signature::TARGET,
    gpt::TARGET,
    device_tree::TARGET,
    volume::TARGET,
    boot::TARGET,
];

/// Of so many inputs one stays as the mutation left it, so that the checks of checksums are fuzzed too.
const UNREPAIRED: u32 = 8;

impl Target {
    fn cached_sample(&self) -> &'static [u8] {
        let mut samples = SAMPLES.lock().unwrap_or_else(PoisonError::into_inner);
        samples
            .entry(self.name)
            .or_insert_with(|| (self.sample)().leak())
    }

    /// The target of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TARGETS.iter().find(|target| target.name == name).copied()
    }

    /// Mutates the first `size` bytes of `data` by `mutate`, which takes and returns a size, and repairs the result. An empty
    /// input becomes the sample first.
    pub fn mutate(
        &self,
        data: &mut [u8],
        size: usize,
        random: u32,
        mutate: impl FnOnce(&mut [u8], usize) -> usize,
    ) -> usize {
        let begun = if size <= 1 { self.begin(data) } else { size };
        let mutated = mutate(data, begun);
        if !random.is_multiple_of(UNREPAIRED)
            && let Some(input) = data.get_mut(..mutated)
        {
            (self.repair)(input, random);
        }
        mutated
    }

    /// Runs one input; what is longer than [`longest`](Self::longest) is cut.
    pub fn execute(&self, input: &[u8]) {
        (self.run)(&input[..input.len().min(self.longest)]);
    }

    fn begin(&self, data: &mut [u8]) -> usize {
        let sample = self.cached_sample();
        let size = sample.len().min(data.len());
        data[..size].copy_from_slice(&sample[..size]);
        size
    }
}

/// The sample of each target that was asked for. Some take a while to make.
static SAMPLES: Mutex<BTreeMap<&str, &[u8]>> = Mutex::new(BTreeMap::new());

/// The repair of inputs that have nothing to repair.
pub(crate) fn as_it_is(_: &mut [u8], _: u32) {}
