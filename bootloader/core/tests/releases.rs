//! release.json and release.sig: what is taken, and with which code the rest is refused (FORMAT.md §6).

mod support;

use cocon_core::{Digest, Error, Release, signature};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use support::{Slot, pattern, signature as sign, signing_key};

fn parse(release: &Value) -> Result<Release, Error> {
    Release::parse(release.to_string().as_bytes())
}

fn whole() -> Value {
    let mut release = Slot::confirmed(1).release;
    let digest = Digest::of(b"").to_string();
    release["deviceTrees"] = json!([
        {"name": "a.dtb", "size": 1, "sha256": digest},
        {"name": "b.dtb", "size": 2, "sha256": digest},
    ]);
    release
}

#[test]
fn parse_takes_a_release_with_and_without_each_optional_field() {
    let release = parse(&whole()).unwrap();
    assert_eq!(
        (
            release.name.as_str(),
            release.version.as_str(),
            release.attempts
        ),
        ("test", "1.0", 3)
    );
    assert_eq!(release.device_trees.len(), 2);
    for field in ["initrd", "rootfs", "deviceTrees"] {
        let mut without = whole();
        without.as_object_mut().unwrap().remove(field);
        assert!(parse(&without).is_ok(), "{field}");
    }
}

#[test]
fn parse_refuses_a_release_without_each_required_field() {
    let required = [
        "format",
        "name",
        "version",
        "architecture",
        "securityVersion",
        "attempts",
        "commandLine",
        "kernel",
    ];
    for field in required {
        let mut without = whole();
        without.as_object_mut().unwrap().remove(field);
        assert_eq!(
            parse(&without).unwrap_err().code(),
            "RELEASE_INVALID",
            "{field}"
        );
    }
}

#[test]
fn parse_refuses_each_value_outside_its_limits() {
    let long = "x".repeat(69);
    let digest = Digest::of(b"").to_string();
    let tree = |name: &str| json!({"name": name, "size": 1, "sha256": digest});
    let trees = |count: usize| {
        Value::from(
            (0..count)
                .map(|index| tree(&format!("{index:02}")))
                .collect::<Vec<_>>(),
        )
    };
    let cases: [(&str, Value); 40] = [
        ("format", "cocon.release/2".into()),
        ("name", "".into()),
        ("name", long[..65].into()),
        ("name", "a\"b".into()),
        ("name", "a\\b".into()),
        ("name", "a\nb".into()),
        ("name", "\u{e9}".into()),
        ("name", 1.into()),
        ("version", "".into()),
        ("version", long[..65].into()),
        ("architecture", "x86_64".into()),
        ("securityVersion", (-1).into()),
        ("securityVersion", 1.5.into()),
        ("securityVersion", (1_u64 << 53).into()),
        ("securityVersion", "1".into()),
        ("attempts", 0.into()),
        ("attempts", 16.into()),
        ("attempts", 256.into()),
        ("commandLine", "x".repeat(1025).into()),
        ("kernel", json!({"size": 0, "sha256": digest})),
        (
            "kernel",
            json!({"size": (1_u64 << 29) + 1, "sha256": digest}),
        ),
        (
            "kernel",
            json!({"size": 1, "sha256": digest.to_uppercase()}),
        ),
        ("kernel", json!({"size": 1, "sha256": digest[1..]})),
        ("kernel", json!({"size": 1})),
        ("kernel", json!({"size": 1, "sha256": digest, "extra": 1})),
        ("kernel", Value::Null),
        ("initrd", Value::Null),
        ("initrd", json!({"size": 0, "sha256": digest})),
        ("deviceTrees", json!([])),
        ("deviceTrees", json!([tree("b"), tree("a")])),
        ("deviceTrees", json!([tree("a"), tree("a")])),
        ("deviceTrees", json!([tree("")])),
        ("deviceTrees", json!([tree(&long)])),
        ("deviceTrees", trees(27)),
        ("rootfs", json!({"size": 8192, "sha256": digest})),
        ("rootfs", rootfs(4096, 4096, &digest)),
        ("rootfs", rootfs(8193, 4096, &digest)),
        ("rootfs", rootfs((1 << 40) + 4096, 4096, &digest)),
        ("rootfs", rootfs(8192, 0, &digest)),
        ("unknown", 1.into()),
    ];
    for (field, value) in cases {
        let mut release = whole();
        release[field] = value.clone();
        assert_eq!(
            parse(&release).unwrap_err().code(),
            "RELEASE_INVALID",
            "{field}: {value}"
        );
    }
    let mut bare = whole();
    bare.as_object_mut()
        .unwrap()
        .retain(|field, _| field != "initrd" && field != "rootfs");
    assert_eq!(
        parse(&bare).unwrap_err(),
        Error::ReleaseInvalid {
            fault: "neither initrd nor rootfs"
        }
    );
}

fn rootfs(size: u64, verity: u64, digest: &str) -> Value {
    json!({"size": size, "sha256": digest, "verity": {"size": verity, "sha256": digest, "rootHash": digest}})
}

#[test]
fn parse_takes_each_value_at_its_limit() {
    let digest = Digest::of(b"").to_string();
    let cases: [(&str, Value); 8] = [
        ("name", "x".repeat(64).into()),
        ("name", " !#~".into()),
        ("securityVersion", ((1_u64 << 53) - 1).into()),
        ("attempts", 15.into()),
        ("commandLine", "".into()),
        ("kernel", json!({"size": 1_u64 << 29, "sha256": digest})),
        ("rootfs", rootfs(1 << 40, 1 << 40, &digest)),
        ("rootfs", rootfs(8192, 1, &digest)),
    ];
    for (field, value) in cases {
        let mut release = whole();
        release[field] = value;
        assert!(parse(&release).is_ok(), "{field}");
    }
}

#[test]
fn parse_refuses_everything_but_the_canonical_form() {
    let canonical = whole().to_string();
    assert!(Release::parse(canonical.as_bytes()).is_ok());
    let variants = [
        format!(" {canonical}"),
        format!("{canonical} "),
        format!("{canonical}{canonical}"),
        canonical.replace("\"attempts\":3", "\"attempts\": 3"),
        canonical.replace("\"attempts\":3", "\"attempts\":03"),
        canonical.replace("\"attempts\":3", "\"attempts\":3.0"),
        canonical.replace("\"attempts\":3", "\"attempts\":3e0"),
        canonical.replace("\"attempts\":3", "\"attempts\":3,\"attempts\":3"),
        canonical.replace("\"name\":\"test\"", "\"name\":\"\\u0074est\""),
        canonical
            .replace("\"attempts\":3,", "")
            .replace("\"version\"", "\"attempts\":3,\"version\""),
        canonical[..canonical.len() - 1].to_owned(),
        String::new(),
        "null".to_owned(),
        "[".repeat(60_000),
    ];
    for variant in variants {
        assert_ne!(variant, canonical);
        assert_eq!(
            Release::parse(variant.as_bytes()).unwrap_err().code(),
            "RELEASE_INVALID",
            "{variant:.200}"
        );
    }
    for length in 0..canonical.len() {
        assert!(Release::parse(&canonical.as_bytes()[..length]).is_err());
    }
    assert!(Release::parse(&vec![b' '; 70_000]).is_err());
}

#[test]
fn parse_takes_one_spelling_only_of_all_that_are_a_byte_away() {
    let canonical = whole().to_string().into_bytes();
    let mut taken = 0;
    let mut check = |json: &[u8]| {
        if Release::parse(json).is_ok() {
            let value: Value = serde_json::from_slice(json).unwrap();
            assert_eq!(value.to_string().as_bytes(), json);
            taken += 1;
        }
    };
    for at in 0..canonical.len() {
        let (front, back) = canonical.split_at(at);
        check(&[front, &back[1..]].concat());
        for byte in b" 019-.eaAx,:\"{}[]\\" {
            check(&[front, &[*byte], back].concat());
            check(&[front, &[*byte], &back[1..]].concat());
        }
    }
    assert!(taken > 1000, "{taken}");
}

#[test]
fn verify_takes_one_valid_signature_of_a_trusted_key() {
    let message = pattern(300, 1);
    let ours = signing_key();
    let other = SigningKey::from_bytes(&[8; 32]);
    let keys = [ours.verifying_key().to_bytes()];
    let our_id = Digest::of(&keys[0]);
    let both = [sign(&other, &message), sign(&ours, &message)].concat();
    assert_eq!(signature::verify(&message, &both, &keys), Ok(our_id));
    assert_eq!(
        signature::verify(&message, &both, &[]),
        Err(Error::ReleaseUntrusted)
    );
    assert_eq!(
        signature::verify(&message, &sign(&other, &message), &keys),
        Err(Error::ReleaseUntrusted)
    );

    let stale = sign(&ours, b"another message");
    assert_eq!(
        signature::verify(&message, &stale, &keys),
        Err(Error::ReleaseBadSignature)
    );
    let stale_and_good = [stale, sign(&ours, &message)].concat();
    assert_eq!(
        signature::verify(&message, &stale_and_good, &keys),
        Ok(our_id)
    );

    let forged = [Digest::of(&[0xff; 32]).0.as_slice(), &[0; 64]].concat();
    assert_eq!(
        signature::verify(&message, &forged, &[[0xff; 32]]),
        Err(Error::ReleaseBadSignature)
    );
}

#[test]
fn verify_refuses_a_malformed_release_sig_and_every_flipped_byte() {
    let message = pattern(300, 1);
    let keys = [signing_key().verifying_key().to_bytes()];
    let good = sign(&signing_key(), &message);
    for length in
        (0..=good.len() * 9).filter(|length| *length == 0 || length % 96 != 0 || *length > 768)
    {
        let bytes: Vec<u8> = good.iter().copied().cycle().take(length).collect();
        assert_eq!(
            signature::verify(&message, &bytes, &keys),
            Err(Error::ReleaseBadSignature),
            "{length} bytes"
        );
    }
    for index in 0..good.len() {
        let mut flipped = good.clone();
        flipped[index] ^= 0x80;
        let expected = if index < 32 {
            Error::ReleaseUntrusted
        } else {
            Error::ReleaseBadSignature
        };
        assert_eq!(
            signature::verify(&message, &flipped, &keys),
            Err(expected),
            "byte {index}"
        );
    }
}
