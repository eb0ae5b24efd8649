//! The vectors that both readers share: `test/vectors/manifest.json`, laid out as the README beside it says.

mod support;

use std::path::Path;

use cocon_core::format::BLOCK_SIZE;
use cocon_core::slot::{Failure, Output, SlotEntry, SlotState};
use cocon_core::superblock::Copy;
use cocon_core::{Descriptor, Error, Record, Release, Superblock, ring, signature};
use serde_json::{Value, json};
use support::Disk;

/// The block to which the base record belongs.
const RECORD_BLOCK: u64 = 16;
const MANY_BLOCKS: u64 = 1 << 40;

#[test]
fn every_shared_vector_is_read_as_the_manifest_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/vectors/manifest.json");
    let manifest: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(manifest["format"], "cocon.vectors/1");
    let cases = manifest["cases"].as_array().unwrap();
    assert!(cases.len() > 300, "{} cases", cases.len());
    for case in cases {
        let read = match read(&manifest, case) {
            Ok(value) => json!({ "value": value }),
            Err(error) => json!({ "error": error.code() }),
        };
        assert_eq!(read, case["expect"], "{}", case["name"]);
    }
}

fn read(manifest: &Value, case: &Value) -> Result<Value, Error> {
    let input = input(manifest, case);
    let base = |name: &str| self::input(manifest, &json!({ "base": name, "edits": [] }));
    let number = |name: &str| case[name].as_u64().unwrap_or_default();
    let superblock = || Superblock::parse(&base("superblock"), Copy::A, MANY_BLOCKS);
    match case["structure"].as_str().unwrap() {
        "superblock" => {
            let copy = if case["copy"] == "B" {
                Copy::B
            } else {
                Copy::A
            };
            Superblock::parse(&input, copy, number("deviceBlocks"))
                .map(|superblock| plain_superblock(&superblock))
        }
        "record" => Record::parse(&input, number("block"), &superblock()?)
            .map(|record| plain_record(&record)),
        "descriptor" => {
            let record = Record::parse(&base("record"), RECORD_BLOCK, &superblock()?)?;
            let slot = number("slot") as u8;
            let entry = record.slots()[usize::from(slot)];
            Descriptor::parse(&input, &superblock()?, slot, &entry)
                .map(|descriptor| plain_descriptor(&descriptor))
        }
        "release" => Release::parse(&input).map(|release| plain_release(&release)),
        "signature" => {
            let keys: Vec<[u8; 32]> = manifest["trustedKeys"]
                .as_array()
                .unwrap()
                .iter()
                .map(key)
                .collect();
            signature::verify(&base("release"), &input, &keys)
                .map(|id| json!({ "keyId": id.to_string() }))
        }
        "volume" => volume(&mut Disk {
            bytes: input,
            ..Disk::default()
        }),
        other => panic!("unknown structure {other}"),
    }
}

fn volume(disk: &mut Disk) -> Result<Value, Error> {
    let superblock = Superblock::read(disk)?;
    let record = ring::current(disk, &superblock)?;
    let descriptors: Vec<Value> = (0..)
        .zip(record.slots())
        .map(|(number, entry)| match entry.state {
            SlotState::Empty => Value::Null,
            _ => Descriptor::read(disk, &superblock, number, entry).map_or_else(
                |error| json!({ "error": error.code() }),
                |descriptor| plain_descriptor(&descriptor),
            ),
        })
        .collect();
    Ok(json!({
        "superblock": plain_superblock(&superblock), "record": plain_record(&record), "descriptors": descriptors,
    }))
}

/// The input of a case: its base with its edits laid over it, cut or lengthened.
fn input(manifest: &Value, case: &Value) -> Vec<u8> {
    let base = &manifest["bases"][case["base"].as_str().unwrap()];
    let size = base["size"].as_u64().unwrap() as usize;
    let length = case["length"]
        .as_u64()
        .map_or(size, |length| length as usize);
    let mut bytes = vec![0; size.max(length)];
    for piece in base["pieces"]
        .as_array()
        .unwrap()
        .iter()
        .chain(case["edits"].as_array().unwrap())
    {
        let offset = piece["offset"].as_u64().unwrap() as usize;
        let content = piece_bytes(piece);
        bytes[offset..offset + content.len()].copy_from_slice(&content);
    }
    bytes.truncate(length);
    bytes
}

fn piece_bytes(piece: &Value) -> Vec<u8> {
    match (
        piece["hex"].as_str(),
        piece["text"].as_str(),
        piece["zeros"].as_u64(),
    ) {
        (Some(hex), _, _) => from_hex(hex),
        (_, Some(text), _) => text
            .chars()
            .map(|character| u8::try_from(u32::from(character)).unwrap())
            .collect(),
        (_, _, zeros) => vec![0; zeros.unwrap() as usize],
    }
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn key(hex: &Value) -> [u8; 32] {
    from_hex(hex.as_str().unwrap()).try_into().unwrap()
}

fn plain_superblock(superblock: &Superblock) -> Value {
    json!({
        "volumeUuid": superblock.volume_uuid.to_string(),
        "copy": if superblock.copy == Copy::A { "A" } else { "B" },
        "compat": superblock.compat,
        "roCompat": superblock.ro_compat,
        "totalBlocks": superblock.total_blocks,
        "groupBlocks": superblock.group_blocks,
        "slotCount": superblock.slot_count,
        "ringRecords": superblock.ring_records,
        "dataStart": superblock.data_start,
        "dataEnd": superblock.data_end,
    })
}

fn plain_record(record: &Record) -> Value {
    assert_eq!(record.as_bytes().len(), BLOCK_SIZE);
    json!({
        "sequence": record.sequence().to_string(),
        "floor": record.floor().to_string(),
        "time": record.time().to_string(),
        "writer": record.writer(),
        "slots": record.slots().iter().map(plain_slot).collect::<Vec<_>>(),
        "failures": record.failures().map(plain_failure).collect::<Vec<_>>(),
        "outputs": record.outputs().map(plain_output).collect::<Vec<_>>(),
    })
}

fn plain_slot(entry: &SlotEntry) -> Value {
    let state = match entry.state {
        SlotState::Empty => {
            return json!({ "state": "empty", "generation": entry.generation.to_string() });
        }
        SlotState::Trial => "trial",
        SlotState::Confirmed => "confirmed",
        SlotState::Failed => "failed",
    };
    json!({
        "state": state,
        "flags": entry.flags,
        "priority": entry.priority,
        "attemptsLeft": entry.attempts_left,
        "attemptsTotal": entry.attempts_total,
        "interruptionsLeft": entry.interruptions_left,
        "progress": entry.progress.0,
        "reason": entry.reason.0,
        "detail": entry.detail.as_str(),
        "generation": entry.generation.to_string(),
        "descriptorBlock": entry.descriptor_block,
        "descriptorBlocks": entry.descriptor_blocks,
        "descriptorCrc": entry.descriptor_crc,
        "releaseDigest": entry.release_digest.to_string(),
        "shutdowns": entry.shutdowns,
    })
}

fn plain_output(entry: Output) -> Value {
    json!({
        "generation": entry.generation.to_string(),
        "output": entry.output.as_str(),
    })
}

fn plain_failure(failure: Failure) -> Value {
    json!({
        "releaseDigest": failure.release_digest.to_string(),
        "generation": failure.generation.to_string(),
        "reason": failure.reason.0,
        "progress": failure.progress.0,
        "detail": failure.detail.as_str(),
    })
}

fn plain_descriptor(descriptor: &Descriptor) -> Value {
    let files = descriptor.files.iter().map(|file| {
        let extents = file
            .extents
            .iter()
            .map(|extent| json!({ "start": extent.start, "blocks": extent.blocks }));
        json!({
            "name": file.name,
            "size": file.size,
            "sha256": file.sha256.to_string(),
            "extents": extents.collect::<Vec<_>>(),
        })
    });
    json!({ "files": files.collect::<Vec<_>>() })
}

fn plain_release(release: &Release) -> Value {
    json!({
        "name": release.name,
        "version": release.version,
        "architecture": release.architecture.name(),
        "securityVersion": release.security_version,
        "attempts": release.attempts,
        "commandLine": release.command_line,
    })
}
