/**
 * Entry of the bundle that `native/device` embeds: one module without an import, for an engine that has ECMAScript and
 * {@link DeviceRuntime} and nothing else (no `TextDecoder`, timers or `fetch`).
 */
import { runProgram } from '@cocon-os/cli';

import { devicePlatform } from './device/platform.ts';
import type { DeviceRuntime } from './device/runtime.ts';
import { program } from './program.ts';

declare global {
  var coconRuntime: DeviceRuntime;
}

const runtime = globalThis.coconRuntime;
const platform = devicePlatform(runtime);
runtime.exit(await runProgram(program, { terminal: platform.terminal, platform }, runtime.argv));
