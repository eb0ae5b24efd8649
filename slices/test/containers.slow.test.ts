/** What `cocon-container` says before it comes to crun. What it does with a bundle is shown on a device. */
import { describe, expect, test } from 'vitest';

import { deviceShell } from './device-shell.ts';

describe('cocon-container', () => {
  test.for([
    ['no word', '', 2, /^Usage: cocon-container run/],
    ['an unknown word', 'start x', 2, /^Usage: /],
    ['no bundle', 'run', 2, /^Usage: /],
    ['two bundles', 'run a b', 2, /^Usage: /],
    ['a bundle that is not there', 'run /data/none', 1, /Cannot run "\/data\/none": there is no such file/],
    ['a directory', 'run /data', 1, /it is neither a file nor a block device/],
    ['a device that is none for blocks', 'run /dev/null', 1, /it is neither a file nor a block device/],
    ['a name with a quote', `run "/data/a'b"`, 1, /Cannot run "\/data\/a'b"/],
    ['a kernel without controllers', 'run /etc/hosts', 1, /no control group controller "cpu"\nhint: /],
  ] as const)('refuses %s', async ([, args, status, says]) => {
    const device = await deviceShell({ slices: ['base-files', 'containers'] });
    const run = await device.run(`cocon-container ${args}`);
    expect(run).toEqual({ status, output: expect.stringMatching(says) as unknown });
  });
});

describe('the service containers', () => {
  test('has nothing to do without bundles, and ends so that nobody starts it again', async () => {
    const device = await deviceShell({ slices: ['base-files', 'containers'] });
    expect(await device.run('/etc/cocon/services.d/containers')).toEqual({ output: '', status: 0 });
  });
});

describe('services', () => {
  test('starts again what fails, later each time, and leaves alone what has ended well', async () => {
    const fails = '#!/bin/sh\necho run >>/data/fails\n[ "$(wc -l </data/fails)" = 3 ]\n';
    const ends = '#!/bin/sh\necho run >>/data/ends\n';
    const device = await deviceShell({
      slices: ['base-files'],
      files: {
        'etc/cocon/services.d/fails': fails,
        'etc/cocon/services.d/ends': ends,
        'etc/cocon/services.d/off': '',
      },
    });
    const run = await device.run(
      'chmod +x /etc/cocon/services.d/[ef]*; /etc/cocon/services; cat /data/fails /data/ends',
    );
    expect(run).toEqual({
      output:
        'cocon: fails ended, starts again in 2 s\ncocon: fails ended, starts again in 4 s\nrun\nrun\nrun\nrun\n',
      status: 0,
    });
  });
});
