#!/usr/bin/env node
import { runProgram } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';

import { program } from '../src/program.ts';

process.exitCode = await runProgram(
  program,
  { terminal: nodeTerminal, cwd: process.cwd() },
  process.argv.slice(2),
);
