//! A disk that JavaScript implements.

use cocon_core::{Device, Error};
use napi::Env;
use napi::bindgen_prelude::{
    FnArgs, FromNapiValue, Function, FunctionRef, JsObjectValue, JsValuesTupleIntoVec, Object,
    Uint8Array,
};

use crate::error::{MAX_SAFE_INTEGER, invalid_argument, whole};

type Read = FnArgs<(i64, u32)>;
type Write = FnArgs<(i64, Uint8Array)>;

/// The methods of a `BlockDevice` (see `block-device.d.ts`), bound to it. A method that throws is an I/O error.
pub struct JsDevice {
    env: Env,
    size_bytes: u64,
    writable: bool,
    read: FunctionRef<Read, Uint8Array>,
    write: FunctionRef<Write, ()>,
    flush: FunctionRef<(), ()>,
}

impl JsDevice {
    /// Looks the members up once; a missing or mistyped one is thrown.
    pub fn new(env: Env, device: &Object<'_>) -> napi::Result<Self> {
        Ok(Self {
            env,
            size_bytes: whole(
                "sizeBytes",
                device.get_named_property("sizeBytes")?,
                MAX_SAFE_INTEGER,
            )?,
            writable: device.get_named_property("writable")?,
            read: method(device, "read")?,
            write: method(device, "write")?,
            flush: method(device, "flush")?,
        })
    }
}

fn method<Args: JsValuesTupleIntoVec, Return: FromNapiValue>(
    device: &Object<'_>,
    name: &str,
) -> napi::Result<FunctionRef<Args, Return>> {
    device
        .get_named_property::<Function<'_, Args, Return>>(name)
        .map_err(|_| invalid_argument(format!("the device has no method \"{name}\"")))?
        .bind(device)?
        .create_ref()
}

impl Device for JsDevice {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        let error = Error::Io { offset };
        let (Ok(at), Ok(length)) = (i64::try_from(offset), u32::try_from(into.len())) else {
            return Err(error);
        };
        match self
            .read
            .borrow_back(&self.env)
            .and_then(|read| read.call((at, length).into()))
        {
            Ok(bytes) if bytes.len() == into.len() => {
                into.copy_from_slice(&bytes);
                Ok(())
            }
            _ => Err(error),
        }
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let at = i64::try_from(offset).map_err(|_| Error::Io { offset })?;
        self.write
            .borrow_back(&self.env)
            .and_then(|write| write.call((at, Uint8Array::from(bytes)).into()))
            .map_err(|_| Error::Io { offset })
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.flush
            .borrow_back(&self.env)
            .and_then(|flush| flush.call(()))
            .map_err(|_| Error::Io { offset: 0 })
    }

    fn writable(&self) -> bool {
        self.writable
    }
}
