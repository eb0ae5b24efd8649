/** The programs of this machine that are built from slices. */
import type { Terminal } from '@cocon-os/cli';
import { hostTool, type HostTool } from '@cocon-os/engine/build';
import { coconUpdate } from '@cocon-os/slices/cocon-update';
import { erofsUtils } from '@cocon-os/slices/erofs-utils';

const TOOLS = {
  'mkfs.erofs': { slice: erofsUtils, output: 'tool', path: 'bin/mkfs.erofs' },
  'dump.erofs': { slice: erofsUtils, output: 'tool', path: 'bin/dump.erofs' },
  'fsck.erofs': { slice: erofsUtils, output: 'tool', path: 'bin/fsck.erofs' },
  /** The device's updater as a PC has it, for tests and measurements. */
  'cocon-update': { slice: coconUpdate, output: 'runtime', path: 'usr/bin/cocon-update' },
} as const satisfies Readonly<Record<string, HostTool>>;

/** The path of a program. Its first build takes half a minute, that of `cocon-update` a few minutes. Throws `SlicesError`. */
export function findHostTool(name: keyof typeof TOOLS, terminal: Terminal): Promise<string> {
  return hostTool(TOOLS[name], terminal);
}
