//! The cryptography against published vectors: FIPS 180-4's "abc", and RFC 8032 §7.1's second and third tests.

use cocon_device::platform::crypto::{Hash, random_bytes, verify_ed25519};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn hash_is_that_of_all_pieces() {
    let mut hash = Hash::default();
    for piece in [b"a".as_slice(), b"", b"bc"] {
        hash.update(piece);
    }
    assert_eq!(
        hash.digest().to_vec(),
        hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
}

#[test]
fn verify_ed25519_agrees_with_rfc_8032() {
    let vectors = [
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];
    for (key, message, signature) in vectors {
        let (key, message, signature) = (hex(key), hex(message), hex(signature));
        assert!(verify_ed25519(&key, &message, &signature));
        assert!(!verify_ed25519(&key, b"another", &signature));
        assert!(!verify_ed25519(&key[1..], &message, &signature));
        assert!(!verify_ed25519(&key, &message, &signature[1..]));
        for bit in (0..512).step_by(13) {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify_ed25519(&key, &message, &flipped), "bit {bit}");
        }
    }
}

#[test]
fn random_bytes_differ() {
    assert_eq!(random_bytes(16).unwrap().len(), 16);
    assert_ne!(random_bytes(16).unwrap(), random_bytes(16).unwrap());
}
