/** Gives `cocon.config.ts` its types. */
import type { ConfigInput } from './schema.ts';

/** Returns what it is given; an editor knows every key of it. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
