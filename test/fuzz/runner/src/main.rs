//! libFuzzer over one of the targets: the one that `COCON_FUZZ_TARGET` names, for libFuzzer has the command line.
//! `differential` is the target `volume` with the TypeScript reader asked too.
#![no_main]
#![allow(
    missing_docs,
    clippy::missing_safety_doc,
    clippy::undocumented_unsafe_blocks,
    reason = "libfuzzer-sys writes these functions"
)]

mod differential;

use std::sync::{LazyLock, Mutex, PoisonError};

use cocon_fuzz_targets::{TARGETS, Target};
use differential::OtherReader;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

const DIFFERENTIAL: &str = "differential";

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = wanted();
    let named = if name == DIFFERENTIAL {
        "volume"
    } else {
        &name
    };
    Target::named(named).unwrap_or_else(|| {
        let mut names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        names.push(DIFFERENTIAL);
        eprintln!(
            "Cannot fuzz \"{name}\": COCON_FUZZ_TARGET is one of {}",
            names.join(", ")
        );
        std::process::exit(1);
    })
});

static OTHER: LazyLock<Option<Mutex<OtherReader>>> =
    LazyLock::new(|| (wanted() == DIFFERENTIAL).then(|| Mutex::new(OtherReader::start())));

fn wanted() -> String {
    std::env::var("COCON_FUZZ_TARGET").unwrap_or_default()
}

fuzz_target!(init: LazyLock::force(&TARGET), |input: &[u8]| {
    TARGET.execute(input);
    if let Some(other) = &*OTHER {
        other.lock().unwrap_or_else(PoisonError::into_inner).compare(input);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let longest = max_size.min(TARGET.longest);
    TARGET.mutate(data, size.min(longest), seed, |data, size| {
        fuzzer_mutate(data, size, longest)
    })
});
