/** What the releases of the demo differ in. */
import { defineSlice } from '@cocon-os/engine';

/** A change of the userland that can be seen: a greeting at log-in and a new command. */
export const greeting = defineSlice({
  name: 'greeting',
  version: '1',
  license: 'Apache-2.0',
  summary: 'A message of the day and the command that prints it',
  build: () => ({
    kind: 'entries',
    entries: [
      {
        type: 'file',
        path: 'etc/motd',
        mode: 0o644,
        contents: 'Welcome to the second release of Cocon OS.\n',
      },
      { type: 'file', path: 'usr/bin/greet', mode: 0o755, contents: '#!/bin/sh\nexec cat /etc/motd\n' },
    ],
  }),
  outputs: { runtime: [''] },
  tests: ({ vm }) => [
    vm
      .boots()
      .run('greet')
      .says(/second release/),
  ],
});

/** An init that ends as soon as it is started, which the kernel answers with a panic. */
export const crashingInit = defineSlice({
  name: 'crashing-init',
  version: '1',
  license: 'Apache-2.0',
  summary: 'An init that crashes at once',
  build: () => ({
    kind: 'entries',
    entries: [
      {
        type: 'file',
        path: 'sbin/init',
        mode: 0o755,
        contents: '#!/bin/sh\necho "This init crashes now."\nexit 1\n',
      },
    ],
  }),
  outputs: { runtime: [''] },
});
