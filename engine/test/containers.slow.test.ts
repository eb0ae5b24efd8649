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
  /** What the kernel's log gets of a container that runs `says`; its bundle goes with it, so it is started once. */
  async function logOf(
    says: string,
    limits = 'true',
    name = 'app',
  ): Promise<{ output: string; status: unknown }> {
    const device = await deviceShell({
      slices: ['base-files', 'containers'],
      files: {
        'usr/bin/cocon-container': `#!/bin/sh\nrm "$2"\n${says}\n`,
        [`data/containers/${name}.erofs`]: '',
      },
    });
    // A pipe in place of the device: what is written to it comes out as it was written, a record after the other.
    return await device.run(
      `mknod /dev/kmsg p; cat /dev/kmsg & exec 9>/dev/kmsg
( exec 9>&-; ${limits}; /etc/cocon/services.d/containers ); status=$?
exec 9>&-; wait; exit "$status"`,
    );
  }

  test('has nothing to do without bundles, and ends so that nobody starts it again', async () => {
    const device = await deviceShell({ slices: ['base-files', 'containers'] });
    expect(await device.run('/etc/cocon/services.d/containers')).toEqual({ output: '', status: 0 });
  });

  test('logs each line of a container as it is, and its end', async () => {
    const { output } = await logOf(String.raw`printf '  in \\033 deep\n\n-n\n' ; echo wrong >&2; exit 3`);
    expect(output).toBe(
      [
        'container app.erofs:   in \\033 deep',
        'container app.erofs: -n',
        'container app.erofs: wrong',
        'container app.erofs: ended with status 3',
        '',
      ].join('\n'),
    );
  });

  test('leaves nothing open for a container but input and output', async () => {
    const { output } = await logOf(
      'for fd in 3 4 5 6 7 8 9; do [ ! -e "/proc/self/fd/$fd" ] || echo "has $fd"; done',
    );
    expect(output).toBe('container app.erofs: ended with status 0\n');
  });

  test('keeps its own line apart from a last one without an end', async () => {
    const { output } = await logOf('printf "no end"; exit 1');
    expect(output).toBe('container app.erofs: no end\ncontainer app.erofs: ended with status 1\n');
  });

  test('logs a long line in pieces that a record of the kernel can hold, and says what belongs together', async () => {
    const line = Array.from({ length: 400 }, (_, index) => `word ${index}`).join(' ');
    const name = 'n'.repeat(249);
    const { output } = await logOf(`echo "${line}"; echo next`, 'true', name);
    const records = output.trimEnd().split('\n');
    // devkmsg_write() in the kernel's printk.c refuses more than PRINTKRB_RECORD_MAX.
    for (const record of records) expect(Buffer.byteLength(`${record}\n`)).toBeLessThanOrEqual(1024);
    const head = `container ${name}.erofs`;
    const pieces = records.filter((record) => !/: next$|: ended with/.test(record));
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.map((record) => record.replace(/:.*/, ''))).toEqual([
      head,
      ...pieces.slice(1).map(() => `${head} (continued)`),
    ]);
    expect(pieces.map((record) => record.replace(/^[^:]*: /, '')).join('')).toBe(line);
    expect(records.slice(pieces.length)).toEqual([`${head}: next`, `${head}: ended with status 0`]);
  });

  test('says nothing more of a line that is just as long as a piece', async () => {
    const { output } = await logOf(`echo ${'x'.repeat(700)}; echo next`);
    expect(output).toBe(
      ['x'.repeat(700), 'next', 'ended with status 0']
        .map((text) => `container app.erofs: ${text}\n`)
        .join(''),
    );
  });

  test('holds no line in memory, however long it is, of letters or of NUL bytes', async () => {
    const flood = (letter: string) => `head -c 4m /dev/zero | tr '\\0' '${letter}'`;
    const { output, status } = await logOf(
      `${flood('x')}; ${flood('\\0')}; echo; echo alive`,
      'ulimit -v 3072',
    );
    expect(status).toBe(0);
    expect(output.replaceAll(/[^x]/g, '')).toHaveLength(4 * 2 ** 20);
    expect(output).toMatch(/container app\.erofs: alive\ncontainer app\.erofs: ended with status 0\n$/);
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
