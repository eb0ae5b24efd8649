/** Image files and block devices of this machine as devices. */
import {
  closeSync,
  constants,
  fsyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';

import { messageOf } from '@cocon-os/cli';
import { programEnvironment, runProgramNow } from '@cocon-os/cli/host-program';

import type { BlockDevice } from '../block-device.ts';
import { SdfsError, type SdfsErrorCode } from '../errors.ts';
import { blockDeviceFacts } from './block-device-facts.ts';
import { lockForWriting } from './writer-lock.ts';

/** What a device is opened for. */
export type OpenMode = 'read' | 'write';

/** A file or block device of this machine. */
export interface OpenedDevice extends BlockDevice {
  /** Where it begins on its medium, in bytes: of a partition its place on the disk, else 0. */
  readonly startBytes: number;
}

/**
 * Opens an image file or a block device. A writer locks out other writers (`writer-lock.ts`) and waits a few seconds for
 * one that is about to end. A block device is opened with O_EXCL as well, which keeps off one that is mounted.
 *
 * Throws `FILE_NOT_FOUND`, `VOLUME_LOCKED`, `SDFS_READ_ONLY` or `SDFS_IO`.
 */
export function openFileDevice(
  path: string,
  mode: OpenMode,
  options: { readonly lockPatienceSeconds?: number } = {},
): OpenedDevice {
  const action = mode === 'read' ? 'read' : 'open';
  const stats = attempt(action, path, () => statSync(path));
  const isBlockDevice = stats.isBlockDevice();
  if (!isBlockDevice && !stats.isFile()) {
    throw new SdfsError('SDFS_IO', `Cannot open "${path}": it is neither a file nor a block device`, {
      hint: 'Name a volume, a disk, or an image of one.',
    });
  }
  const flags =
    mode === 'read' ? constants.O_RDONLY : constants.O_RDWR | (isBlockDevice ? constants.O_EXCL : 0);
  const descriptor = attempt(action, path, () => openSync(path, flags));
  try {
    const facts = factsOf(descriptor);
    const unlock =
      mode === 'write' ? lockForWriting(descriptor, path, options.lockPatienceSeconds) : nothingToUnlock;
    return new FileDevice(path, descriptor, facts, unlock);
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
}

type DeviceFacts = Pick<OpenedDevice, 'sizeBytes' | 'sectorSize' | 'startBytes'>;

function factsOf(descriptor: number): DeviceFacts {
  const stats = fstatSync(descriptor);
  return stats.isBlockDevice()
    ? blockDeviceFacts(stats.rdev)
    : { sizeBytes: stats.size, sectorSize: 512, startBytes: 0 };
}

const nothingToUnlock = (): void => {};

/** Makes a sparse image file of `sizeBytes` bytes and opens it for writing. Throws `VOLUME_EXISTS` where there is a file. */
export function createImageFile(path: string, sizeBytes: number): OpenedDevice {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
  const fd = attempt('create', path, () => openSync(path, flags, 0o644));
  try {
    attempt('create', path, () => ftruncateSync(fd, sizeBytes));
  } catch (thrown) {
    unlinkSync(path);
    throw thrown;
  } finally {
    closeSync(fd);
  }
  return openFileDevice(path, 'write');
}

class FileDevice implements OpenedDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly startBytes: number;
  readonly #fd: number;
  readonly #unlock: () => void;

  constructor(path: string, fd: number, facts: DeviceFacts, unlock: () => void) {
    this.name = path;
    this.#fd = fd;
    this.#unlock = unlock;
    this.sizeBytes = facts.sizeBytes;
    this.sectorSize = facts.sectorSize;
    this.startBytes = facts.startBytes;
  }

  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const count = attempt(
        'read',
        this.name,
        () => readSync(this.#fd, into, done, into.length - done, offset + done),
        offset,
      );
      if (count === 0) throw beyondEnd(this, 'read', offset, into.length);
      done += count;
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    // A regular file would grow instead.
    if (offset + bytes.length > this.sizeBytes) throw beyondEnd(this, 'write', offset, bytes.length);
    for (let done = 0; done < bytes.length;) {
      done += attempt(
        'write',
        this.name,
        () => writeSync(this.#fd, bytes, done, bytes.length - done, offset + done),
        offset,
      );
    }
  }

  flush(): void {
    attempt('flush', this.name, () => fsyncSync(this.#fd));
  }

  dropCaches(): void {
    // Node has no posix_fadvise(2); GNU dd asks for POSIX_FADV_DONTNEED on the whole file when it copies nothing of it.
    const args = [`if=${this.name}`, 'iflag=nocache', 'count=0', 'status=none'];
    runProgramNow('dd', args, programEnvironment());
  }

  close(): void {
    closeSync(this.#fd);
    this.#unlock();
  }
}

/** What is done to a file; one that is opened for nothing else is `read`. */
type Action = 'create' | 'open' | 'read' | 'write' | 'flush';

/** Turns the errors of Node into ours. */
function attempt<Value>(action: Action, path: string, call: () => Value, offset?: number): Value {
  try {
    return call();
  } catch (cause) {
    const system = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const known = (action === 'read' ? READ_ERRORS[system] : undefined) ?? SYSTEM_ERRORS[system];
    const [code, hint] = known ?? (['SDFS_IO', undefined] as const);
    throw new SdfsError(
      code,
      `Cannot ${action} "${path}"${offset === undefined ? '' : ` at byte ${offset}`}: ${messageOf(cause)}`,
      {
        cause,
        ...(hint === undefined ? {} : { hint }),
        facts: { system, ...(offset === undefined ? {} : { offset }) },
      },
    );
  }
}

const SYSTEM_ERRORS: Readonly<Record<string, readonly [SdfsErrorCode, string]>> = {
  ENOENT: ['FILE_NOT_FOUND', 'Check the path.'],
  ENOTDIR: ['FILE_NOT_FOUND', 'Check the path.'],
  EEXIST: ['VOLUME_EXISTS', 'Choose another path, or delete the file.'],
  EBUSY: ['VOLUME_LOCKED', 'The device is mounted or in use; unmount it.'],
  EROFS: ['SDFS_READ_ONLY', 'The file system or device is read-only.'],
  EBADF: ['SDFS_READ_ONLY', 'It was opened for reading.'],
  EPERM: ['SDFS_READ_ONLY', 'The device does not let itself be written.'],
  EACCES: ['SDFS_READ_ONLY', 'You may not do that; try as the owner or as root.'],
  ELOOP: ['FILE_NOT_FOUND', 'The links of that path lead in a circle.'],
  ENOSPC: ['SDFS_IO', 'The disk that holds the image is full; free some space.'],
};

/** Who may not even read does not learn whether it could be written. */
const READ_ERRORS: typeof SYSTEM_ERRORS = {
  EPERM: ['SDFS_IO', 'You may not read it; try as the owner or as root.'],
  EACCES: ['SDFS_IO', 'You may not read it; try as the owner or as root.'],
};

function beyondEnd(device: BlockDevice, action: string, offset: number, length: number): SdfsError {
  return new SdfsError(
    'SDFS_IO',
    `Cannot ${action} ${length} bytes at byte ${offset} of "${device.name}": it has ${device.sizeBytes}`,
    {
      facts: { offset, actual: device.sizeBytes },
    },
  );
}
