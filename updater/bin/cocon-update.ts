#!/usr/bin/env node
/** `cocon-update` on a host. */
import { enableCompileCache } from 'node:module';

// Most of the start-up is compiling; the modules are imported below so that all of them come from the cache.
enableCompileCache();
const { runProgram } = await import('@cocon-os/cli');
const { nodePlatform } = await import('../src/node/platform.ts');
const { program } = await import('../src/program.ts');

process.exitCode = await runProgram(
  program,
  { terminal: nodePlatform.terminal, platform: nodePlatform },
  process.argv.slice(2),
);
