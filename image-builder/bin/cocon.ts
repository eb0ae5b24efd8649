import { Console } from 'node:console';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

import { cacheDirectory, makeDirectory } from '@cocon-os/engine/cache-directory';

// To take the types out of the same hundred files each time is most of what a quick command does. Not in /tmp, where Node
// would put it: others can write there. Where it cannot be, whoever needs the cache says so.
const compiled = join(cacheDirectory().root, 'node');
try {
  makeDirectory(compiled);
  enableCompileCache(compiled);
} catch {}
const [{ runNodeProgram }, { nodeTerminal }, { program }] = await Promise.all([
  import('@cocon-os/cli/node-program'),
  import('@cocon-os/cli/node'),
  import('../src/program.ts'),
]);

// Standard output is for results alone, with --json for one object: what definitions print is for people.
globalThis.console = new Console(process.stderr, process.stderr);

await runNodeProgram(program, { terminal: nodeTerminal, cwd: process.cwd() });
