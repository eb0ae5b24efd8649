//! release.sig: which keys signed the raw bytes of release.json (FORMAT.md §6.2).

use ed25519_dalek::{Signature, VerifyingKey};

use crate::digest::Digest;
use crate::error::Error;
use crate::format::{MAX_SIGNATURES, SIGNATURE_ENTRY_SIZE, signature_entry as field};

/// Whether release.sig can have this size.
#[must_use]
pub const fn size_is_valid(bytes: u64) -> bool {
    bytes >= SIGNATURE_ENTRY_SIZE as u64
        && bytes <= (SIGNATURE_ENTRY_SIZE * MAX_SIGNATURES) as u64
        && bytes.is_multiple_of(SIGNATURE_ENTRY_SIZE as u64)
}

/// Checks that one entry of `signatures` (release.sig) is of a trusted key and signs `message`. Returns the identity of
/// the first such key.
///
/// # Errors
/// [`Error::ReleaseBadSignature`] for a malformed release.sig and when no entry of a trusted key verifies,
/// [`Error::ReleaseUntrusted`] when there is no such entry.
pub fn verify(
    message: &[u8],
    signatures: &[u8],
    trusted_keys: &[[u8; 32]],
) -> Result<Digest, Error> {
    if !size_is_valid(signatures.len() as u64) {
        return Err(Error::ReleaseBadSignature);
    }
    let mut error = Error::ReleaseUntrusted;
    for entry in signatures.chunks_exact(SIGNATURE_ENTRY_SIZE) {
        let key_id = Digest(field::KEY_ID.get(entry));
        for key in trusted_keys.iter().filter(|key| Digest::of(*key) == key_id) {
            if signs(key, message, field::SIGNATURE.get(entry)) {
                return Ok(key_id);
            }
            error = Error::ReleaseBadSignature;
        }
    }
    Err(error)
}

/// RFC 8032 without the cofactor, no key and no R of small order: what OpenSSL from 3.5 on checks too, so that both readers
/// agree on every signature.
fn signs(key: &[u8; 32], message: &[u8], signature: [u8; 64]) -> bool {
    VerifyingKey::from_bytes(key).is_ok_and(|key| {
        key.verify_strict(message, &Signature::from_bytes(&signature))
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_refuses_points_of_small_order() {
        // The neutral element as key and as R, with S = 0, satisfies the equation for every message.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!signs(&neutral, b"any message", signature));
    }
}
