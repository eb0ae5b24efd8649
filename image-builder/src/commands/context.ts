/** What every command of `cocon` is given. */
import type { Terminal } from '@cocon-os/cli';

/** Where words go, and where relative paths begin. */
export interface BuilderContext {
  readonly terminal: Terminal;
  readonly cwd: string;
}

/** Options that every command with a configuration has. */
export const CONFIG_OPTIONS = {
  config: {
    type: 'string',
    help: 'Configuration file (default: cocon.config.ts here or above)',
    value: '<file>',
  },
} as const;
