//! Reading structures, and whole volumes.

use cocon_core::format::record;
use cocon_core::superblock::Copy;
use cocon_core::{Descriptor, Error, Record, Release, Superblock, ring, signature};
use napi::Env;
use napi::bindgen_prelude::{Either, Object, Uint8Array};
use napi_derive::napi;

use crate::device::JsDevice;
use crate::error::{Failure, MAX_SAFE_INTEGER, invalid_argument, map_error, slot_number, whole};
use crate::views::{DescriptorView, RecordView, ReleaseView, SuperblockView, VolumeView};

/// Reads superblock, boot record and all descriptors of a volume.
#[napi(ts_args_type = "device: BlockDevice")]
pub fn read_volume(env: Env, device: Object<'_>) -> napi::Result<Either<VolumeView, Failure>> {
    let mut device = JsDevice::new(env, &device)?;
    Ok(either(volume(&mut device)))
}

fn volume(device: &mut JsDevice) -> Result<VolumeView, Error> {
    let superblock = Superblock::read(device)?;
    let record = ring::current(device, &superblock)?;
    let descriptors = (0..)
        .zip(record.slots())
        .map(|(number, entry)| {
            entry.holds_release().then(|| {
                either(
                    Descriptor::read(device, &superblock, number, entry)
                        .map(|descriptor| DescriptorView::from(&descriptor)),
                )
            })
        })
        .collect();
    Ok(VolumeView {
        superblock: (&superblock).into(),
        record: (&record).into(),
        descriptors,
    })
}

/// Parses one copy of a superblock, of a device that has `deviceBlocks` blocks of 4096 bytes.
#[napi(ts_args_type = "bytes: Uint8Array, copy: 'A' | 'B', deviceBlocks: number")]
pub fn parse_superblock(
    bytes: &[u8],
    copy: String,
    device_blocks: f64,
) -> napi::Result<Either<SuperblockView, Failure>> {
    let copy = match copy.as_str() {
        "A" => Copy::A,
        "B" => Copy::B,
        other => {
            return Err(invalid_argument(format!(
                "copy is \"{other}\", expected \"A\" or \"B\""
            )));
        }
    };
    let device_blocks = whole("deviceBlocks", device_blocks, MAX_SAFE_INTEGER)?;
    let superblock = Superblock::parse(bytes, copy, device_blocks);
    Ok(either(
        superblock.map(|superblock| SuperblockView::from(&superblock)),
    ))
}

/// Parses a boot record that was read from `block`. `superblock` are the bytes of a valid copy.
#[napi]
pub fn parse_record(
    bytes: &[u8],
    block: f64,
    superblock: &[u8],
) -> napi::Result<Either<RecordView, Failure>> {
    let block = whole("block", block, MAX_SAFE_INTEGER)?;
    let record =
        context(superblock).and_then(|superblock| Record::parse(bytes, block, &superblock));
    Ok(either(record.map(|record| RecordView::from(&record))))
}

/// Parses all blocks of the descriptor of slot `slot`. `record` and `superblock` are the bytes of valid structures.
#[napi]
pub fn parse_descriptor(
    bytes: &[u8],
    slot: f64,
    record: &[u8],
    superblock: &[u8],
) -> napi::Result<Either<DescriptorView, Failure>> {
    let slot = slot_number("slot", slot)?;
    Ok(either(descriptor(bytes, slot, record, superblock)))
}

fn descriptor(
    bytes: &[u8],
    slot: u8,
    record: &[u8],
    superblock: &[u8],
) -> Result<DescriptorView, Error> {
    let superblock = context(superblock)?;
    let block = ring::position(record::SEQUENCE.get(record), &superblock);
    let record = Record::parse(record, block, &superblock)?;
    let entry = record
        .slots()
        .get(usize::from(slot))
        .ok_or(Error::BadSlotEntry {
            slot,
            field: "number",
        })?;
    Ok(DescriptorView::from(&Descriptor::parse(
        bytes,
        &superblock,
        slot,
        entry,
    )?))
}

/// Checks release.sig (`signatures`) over the raw bytes of release.json with `trustedKeys`, raw Ed25519 public keys
/// of 32 bytes each, and then what release.json says.
#[napi]
pub fn verify_release(
    json: &[u8],
    signatures: &[u8],
    trusted_keys: Vec<Uint8Array>,
) -> napi::Result<Either<ReleaseView, Failure>> {
    let keys = public_keys(&trusted_keys)?;
    let release = signature::verify(json, signatures, &keys).and_then(|_| Release::parse(json));
    Ok(either(release.map(|release| ReleaseView::from(&release))))
}

/// Raw Ed25519 public keys.
pub fn public_keys(keys: &[Uint8Array]) -> napi::Result<Vec<[u8; 32]>> {
    keys.iter()
        .map(|key| {
            <[u8; 32]>::try_from(key.as_ref()).map_err(|_| {
                invalid_argument(format!(
                    "a trusted key has {} bytes, expected 32",
                    key.len()
                ))
            })
        })
        .collect()
}

/// The superblock that another structure belongs to, whichever copy it is, of a device that is large enough.
fn context(superblock: &[u8]) -> Result<Superblock, Error> {
    Superblock::parse(superblock, Copy::A, u64::MAX)
        .or_else(|_| Superblock::parse(superblock, Copy::B, u64::MAX))
}

fn either<T>(result: Result<T, Error>) -> Either<T, Failure> {
    match result {
        Ok(value) => Either::A(value),
        Err(error) => Either::B(map_error(&error)),
    }
}
