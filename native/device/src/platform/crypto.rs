//! Cryptography, all of it from crates that others have reviewed.

use ed25519_dalek::{Signature, VerifyingKey};
use rustix::rand::{GetRandomFlags, getrandom};
use sha2::{Digest, Sha256};

use super::Failure;

/// A SHA-256 that is fed piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Hash(Sha256);

impl Hash {
    /// Takes in the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces.
    pub fn digest(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Ed25519 (RFC 8032), as strict as the loader's (`bootloader/core/src/signature.rs`). A key or signature of the wrong length or
/// shape verifies nothing.
pub fn verify_ed25519(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (public_key.try_into(), Signature::from_slice(signature)) else {
        return false;
    };
    VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

/// `length` bytes of the kernel's random generator, waiting until it is seeded.
pub fn random_bytes(length: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty()).map_err(|error| {
            Failure::new("SDFS_IO", format!("Cannot get random bytes: {error}"))
        })?;
    }
    Ok(bytes)
}
