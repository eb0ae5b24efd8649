#!/usr/bin/env node
/** `cocon-update` on a host. */
import { runProgram } from '@cocon-os/cli';

import { nodePlatform } from '../src/node/platform.ts';
import { program } from '../src/program.ts';

process.exitCode = await runProgram(
  program,
  { terminal: nodePlatform.terminal, platform: nodePlatform },
  process.argv.slice(2),
);
