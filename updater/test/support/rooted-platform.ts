/** This Node process on another root directory: a tree of files that stands for a device's /proc, /sys, /dev and /etc. */
import { join } from 'node:path';

import type { Platform } from '../../src/index.ts';
import { nodePlatform } from '../../src/node/platform.ts';

/** What was printed. */
export interface Printed {
  out: string;
  err: string;
}

/** The platform; every path that the program names lies under `root`, other than those of sources. */
export function rootedPlatform(root: string, printed: Printed = { out: '', err: '' }): Platform {
  return {
    ...nodePlatform,
    architecture: 'amd64',
    terminal: {
      interactive: false,
      out: (text) => void (printed.out += text),
      err: (text) => void (printed.err += text),
    },
    openDevice: (path, mode) => nodePlatform.openDevice(join(root, path), mode),
    readFile: (path, limit) => nodePlatform.readFile(join(root, path), limit),
    listDirectory: (path) => nodePlatform.listDirectory(join(root, path)),
    readStart: (path, length) => nodePlatform.readStart(join(root, path), length),
    // Interpreters are those of this machine.
    fileKind: (path) => nodePlatform.fileKind(path.startsWith('/etc/') ? join(root, path) : path),
    run: (program, args, timeoutSeconds) =>
      program === '/bin/sh'
        ? nodePlatform.run(
            program,
            args.map((path) => join(root, path)),
            timeoutSeconds,
          )
        : nodePlatform.run(join(root, program), args, timeoutSeconds),
  };
}
