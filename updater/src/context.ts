/** What every command is given. */
import type { Terminal } from '@cocon-os/cli';

import type { Platform } from './platform.ts';

/** The machine, and where words go. */
export interface UpdaterContext {
  readonly terminal: Terminal;
  readonly platform: Platform;
}
