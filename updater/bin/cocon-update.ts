/** `cocon-update` on a host. */
import { enableCompileCache } from 'node:module';

// Most of the start-up is compiling; the modules are imported below so that all of them come from the cache.
enableCompileCache();
const { runNodeProgram } = await import('@cocon-os/cli/node-program');
const { nodePlatform } = await import('../src/node/platform.ts');
const { program } = await import('../src/program.ts');

await runNodeProgram(program, { terminal: nodePlatform.terminal, platform: nodePlatform });
