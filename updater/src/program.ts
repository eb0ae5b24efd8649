/** The program: its commands in the order in which a release meets them. */
import type { Program } from '@cocon-os/cli';

import { check } from './commands/check.ts';
import { commit } from './commands/commit.ts';
import { history } from './commands/history.ts';
import { mark } from './commands/mark.ts';
import { repair } from './commands/repair.ts';
import { rollback } from './commands/rollback.ts';
import { stage } from './commands/stage.ts';
import { status } from './commands/status.ts';
import { verify } from './commands/verify.ts';
import type { UpdaterContext } from './context.ts';

/** `cocon-update`, for hosts and devices alike. */
export const program: Program<UpdaterContext> = {
  name: 'cocon-update',
  summary:
    'Stage operating-system releases, commit them when they prove themselves, and return to the one before',
  commands: [stage, status, mark, check, commit, rollback, history, verify, repair],
};
