/** The builder of callers that bring none: over the usual cache, telling on standard error what it does. */
import { nodeTerminal } from '@cocon-os/cli/node';

import { terminalReporter } from './build-reporter.ts';
import { createBuilder, type Builder } from './builder.ts';

/** What is in the cache is taken without a word. */
export function visibleBuilder(): Builder {
  return createBuilder({ reporter: terminalReporter(nodeTerminal) });
}
