//! release.sig over a message. Input: bytes of the message, the message, then release.sig.
//!
//! Three keys are trusted; two of them sign here, the third is a point of small order that nobody can have made.

use std::sync::LazyLock;

use cocon_core::{Digest, Error, signature};
use ed25519_dalek::SigningKey;

use crate::allocation::within;
use crate::edit;
use crate::target::Target;

const ENTRY: usize = 96;

static KEYS: LazyLock<[SigningKey; 2]> =
    LazyLock::new(|| [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32])));

pub(crate) const TARGET: Target = Target {
    name: "signature",
    longest: 1 + 64 + 9 * ENTRY,
    sample: || {
        let mut input = vec![2, b'{', b'}'];
        input.extend(edit::signature(&KEYS[0], b"{}"));
        input
    },
    repair: |input, random| {
        let Some((message, signatures)) = split_mut(input) else {
            return;
        };
        // One entry becomes good, or good but for what a later mutation does to it.
        let entries = signatures.len() / ENTRY;
        if random & 0x30 == 0x30 || entries == 0 {
            return;
        }
        let at = (random >> 8) as usize % entries * ENTRY;
        let key = &KEYS[(random >> 6 & 1) as usize];
        let entry = edit::signature(key, message);
        let kept = if random & 0x30 == 0x10 { 32 } else { ENTRY };
        signatures[at..at + kept].copy_from_slice(&entry[..kept]);
    },
    run,
};

fn split_mut(input: &mut [u8]) -> Option<(&[u8], &mut [u8])> {
    let (length, rest) = input.split_first_mut()?;
    let (message, signatures) = rest.split_at_mut_checked((*length & 63).into())?;
    Some((message, signatures))
}

fn run(input: &[u8]) {
    let mut copy = input.to_vec();
    let Some((message, signatures)) = split_mut(&mut copy) else {
        return;
    };
    let [one, other] = KEYS.each_ref().map(|key| key.verifying_key().to_bytes());
    let trusted = [one, [0; 32], other];
    let verified = within(16 * 1024, || {
        signature::verify(message, signatures, &trusted)
    });
    let named = |id: Digest| {
        signatures
            .chunks_exact(ENTRY)
            .any(|entry| entry[..32] == id.0)
    };
    match verified {
        Ok(id) => {
            // Ed25519 signs the same way every time, and nobody but these keys signs: another signature is a forgery.
            let key = KEYS
                .iter()
                .find(|key| Digest::of(key.verifying_key().as_bytes()) == id)
                .expect("one of the keys that can sign");
            let good = edit::signature(key, message);
            assert!(signatures.chunks_exact(ENTRY).any(|entry| entry == good));
            assert!(signatures.len().is_multiple_of(ENTRY) && signatures.len() <= 8 * ENTRY);
        }
        Err(Error::ReleaseUntrusted) => {
            assert!(!trusted.iter().any(|key| named(Digest::of(key))));
        }
        Err(error) => {
            assert_eq!(error, Error::ReleaseBadSignature);
            // A good signature is never refused in a release.sig of the right size.
            let good = KEYS.each_ref().map(|key| edit::signature(key, message));
            let has_good = signatures
                .chunks_exact(ENTRY)
                .any(|entry| good.iter().any(|good| entry == good));
            assert!(!has_good || !signature::size_is_valid(signatures.len() as u64));
        }
    }
}
