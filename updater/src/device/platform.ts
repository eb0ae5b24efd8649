/** The device runtime as a {@link Platform}: its plain errors become this project's. */
import { CoconError } from '@cocon-os/cli';
import { HttpFailure, type HttpAnswer } from '@cocon-os/cli/http';
import { SdfsError, type BlockDevice } from '@cocon-os/sdfs';

import { UpdaterError } from '../errors.ts';
import type { ByteSource, Platform } from '../platform.ts';
import type { DeviceRuntime, RuntimeAnswer } from './runtime.ts';

/** Wraps the runtime. */
export function devicePlatform(runtime: DeviceRuntime): Platform {
  return {
    architecture: runtime.architecture,
    terminal: {
      out: (text) => runtime.out(text),
      err: (text) => runtime.err(text),
      interactive: runtime.interactive,
    },
    crypto: {
      createSha256: () => runtime.createSha256(),
      verifyEd25519: (key, message, signature) => runtime.verifyEd25519(key, message, signature),
      randomBytes: (length) => runtime.randomBytes(length),
    },
    now: () => runtime.now(),
    monotonicMs: () => runtime.monotonicMs(),
    sleep: (milliseconds) => Promise.resolve(runtime.sleep(milliseconds)),
    openDevice: (path, mode) => wrapDevice(typed(() => runtime.openDevice(path, mode))),
    http: {
      get: async (url, headers) => answerOf(failing(() => runtime.httpGet(url, headers))),
    },
    openSource: (location) => typedAsync(async () => wrapSource(await runtime.openSource(location))),
    readFile: (path, limit) => typed(() => runtime.readFile(path, limit)),
    listDirectory: (path) => typed(() => runtime.listDirectory(path)),
    readStart: (path, length) => typed(() => runtime.readStart(path, length)),
    fileKind: (path) => typed(() => runtime.fileKind(path)),
    run: (program, args, timeoutSeconds) =>
      typedAsync(async () => runtime.run(program, args, timeoutSeconds)),
  };
}

function wrapDevice(device: BlockDevice): BlockDevice {
  return {
    name: device.name,
    sizeBytes: device.sizeBytes,
    sectorSize: device.sectorSize,
    read: (offset, into) => typed(() => device.read(offset, into)),
    write: (offset, bytes) => typed(() => device.write(offset, bytes)),
    flush: () => typed(() => device.flush()),
    dropCaches: () => typed(() => device.dropCaches()),
    close: () => device.close(),
  };
}

function wrapSource(source: ByteSource): ByteSource {
  const { readAt } = source;
  return {
    name: source.name,
    sizeBytes: source.sizeBytes,
    read: () => typedAsync(async () => source.read()),
    ...(readAt === undefined
      ? {}
      : { readAt: (offset: number, length: number) => typedAsync(async () => readAt(offset, length)) }),
    close: () => source.close(),
  };
}

function answerOf(answer: RuntimeAnswer): HttpAnswer {
  return {
    status: answer.status,
    statusText: answer.statusText,
    header: (name) => answer.headers[name],
    read: async () => failing(() => answer.read()),
    close: () => answer.close(),
  };
}

const HTTP_KINDS = {
  HTTP_UNREACHABLE: 'unreachable',
  HTTP_UNSUPPORTED: 'unsupported',
  HTTP_BROKEN: 'broken',
  HTTP_PROTOCOL: 'protocol',
} as const;

/** A call of the runtime's HTTP, whose errors are reasons of {@link HttpFailure}. */
function failing<Value>(call: () => Value): Value {
  try {
    return call();
  } catch (thrown) {
    if (!(thrown instanceof Error) || !('code' in thrown)) throw thrown;
    const [, kind] = Object.entries(HTTP_KINDS).find(([code]) => code === thrown.code) ?? [];
    if (kind === undefined) throw thrown;
    throw new HttpFailure(kind, thrown.message, {
      cause: thrown,
      ...('hint' in thrown && typeof thrown.hint === 'string' ? { hint: thrown.hint } : {}),
    });
  }
}

function typed<Value>(call: () => Value): Value {
  try {
    return call();
  } catch (thrown) {
    throw translate(thrown);
  }
}

async function typedAsync<Value>(call: () => Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (thrown) {
    throw translate(thrown);
  }
}

const DEVICE_CODES = ['SDFS_IO', 'SDFS_READ_ONLY', 'VOLUME_LOCKED', 'FILE_NOT_FOUND'] as const;
const MACHINE_CODES = [
  'SOURCE_NOT_FOUND',
  'SOURCE_SHORT',
  'SOURCE_IO',
  'FILE_TOO_LARGE',
  'FILE_UNREADABLE',
  'RUN_FAILED',
] as const;

function translate(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof CoconError || !('code' in thrown)) return thrown;
  const details = {
    cause: thrown,
    ...('hint' in thrown && typeof thrown.hint === 'string' ? { hint: thrown.hint } : {}),
  };
  const deviceCode = DEVICE_CODES.find((code) => code === thrown.code);
  if (deviceCode !== undefined) return new SdfsError(deviceCode, thrown.message, details);
  const machineCode = MACHINE_CODES.find((code) => code === thrown.code);
  return machineCode === undefined ? thrown : new UpdaterError(machineCode, thrown.message, details);
}
