//! `createSha256`, `verifyEd25519` and `randomBytes`: the `Crypto` of `sdfs/src/block-device.ts`.

use rquickjs::{Ctx, Function, Object, Result, TypedArray};

use super::bytes;
use super::handle::Handle;
use super::number;
use super::throw::OrThrow;
use crate::platform::crypto::{self, Hash};

/// Far more than a UUID or a nonce takes.
const MAX_RANDOM: usize = 4096;

pub(super) fn add<'js>(ctx: &Ctx<'js>, runtime: &Object<'js>) -> Result<()> {
    runtime.set("createSha256", Function::new(ctx.clone(), create_sha256)?)?;
    runtime.set("verifyEd25519", Function::new(ctx.clone(), verify_ed25519)?)?;
    runtime.set("randomBytes", Function::new(ctx.clone(), random_bytes)?)
}

fn create_sha256(ctx: Ctx<'_>) -> Result<Object<'_>> {
    let object = Object::new(ctx.clone())?;
    add_hash(&ctx, &object, Handle::new(Hash::default()))?;
    Ok(object)
}

fn add_hash<'js>(ctx: &Ctx<'js>, object: &Object<'js>, handle: Handle<Hash>) -> Result<()> {
    let hash = handle.clone();
    let update = move |ctx: Ctx<'js>, piece: TypedArray<'js, u8>| {
        let mut hash = hash.get().or_throw(&ctx)?;
        bytes::read(&piece, |piece| hash.update(piece))
    };
    object.set("update", Function::new(ctx.clone(), update)?)?;

    let digest = move |ctx: Ctx<'js>| -> Result<TypedArray<'js, u8>> {
        let digest = handle.take().or_throw(&ctx)?.digest();
        TypedArray::new_copy(ctx, digest)
    };
    object.set("digest", Function::new(ctx.clone(), digest)?)
}

fn verify_ed25519<'js>(
    public_key: TypedArray<'js, u8>,
    message: TypedArray<'js, u8>,
    signature: TypedArray<'js, u8>,
) -> Result<bool> {
    bytes::read(&public_key, |key| {
        bytes::read(&message, |message| {
            bytes::read(&signature, |signature| {
                crypto::verify_ed25519(key, message, signature)
            })
        })
    })??
}

fn random_bytes(ctx: Ctx<'_>, length: f64) -> Result<TypedArray<'_, u8>> {
    let length = number::length(&ctx, length, MAX_RANDOM)?;
    TypedArray::new(ctx.clone(), crypto::random_bytes(length).or_throw(&ctx)?)
}
