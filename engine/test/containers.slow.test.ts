/** What `cocon-container` says before it comes to crun. What it does with a bundle is shown on a device. */
import { describe, expect, test } from 'vitest';

import { deviceShell } from './device-shell.ts';

describe('cocon-container', () => {
  test.for([
    ['no word', '', 2, /^Usage: cocon-container run/],
    ['an unknown word', 'restart x', 2, /^Usage: /],
    [
      'a container that nobody keeps',
      'start x',
      1,
      /Cannot start "x": no bundle in \/data\/containers is that container's\nhint: /,
    ],
    ['a name that is empty', 'stop ""', 2, /^Usage: /],
    ['a name that leads elsewhere', 'stop ..', 1, /Cannot stop "\.\.": no such container runs\nhint: /],
    ['no bundle', 'run', 2, /^Usage: /],
    ['two bundles', 'run a b', 2, /^Usage: /],
    ['a bundle that is not there', 'run /data/none', 1, /Cannot run "\/data\/none": there is no such file/],
    ['a directory', 'run /data', 1, /it is neither a file nor a block device/],
    ['a device that is none for blocks', 'run /dev/null', 1, /it is neither a file nor a block device/],
    ['a name with a quote', `run "/data/a'b"`, 1, /Cannot run "\/data\/a'b"/],
    ['a kernel without controllers', 'run /etc/passwd', 1, /no control group controller "cpu"\nhint: /],
  ] as const)('refuses %s', async ([, args, status, says]) => {
    const device = await deviceShell({ slices: ['base-files', 'containers'] });
    const run = await device.run(`cocon-container ${args}`);
    expect(run).toEqual({ status, output: expect.stringMatching(says) as unknown });
  });
});

describe('the service containers', () => {
  /** In place of cocon-container: runs a script, with the bundle's file in $2, and ends it by its process number. */
  const standIn = (says: string) =>
    `#!/bin/sh
case $1 in
  run) echo $$ >"$COCON_KEPT/pid"; ${says} ;;
  end) exec 2>/dev/null; kill "$(cat "/run/containers/kept/$2/pid")" ;;
esac
`;
  /** Starts the service, with a pipe in place of the log's device: what is written to it comes out as it was, a record after the other. */
  const START = `mkdir -p /data/containers
mknod /dev/kmsg p; : >/tmp/log; cat /dev/kmsg >/tmp/log & exec 8>/dev/kmsg
logged() { until [ "$(grep -c "$1" /tmp/log)" -ge "\${2:-1}" ]; do sleep 0.1; done; }
`;

  /** What the kernel's log gets of a container that runs `says`; its bundle goes with it, so it is started once. */
  async function logOf(
    says: string,
    limits = 'true',
    name = 'app',
  ): Promise<{ output: string; status: unknown }> {
    const device = await deviceShell({
      slices: ['base-files', 'containers'],
      files: {
        'usr/bin/cocon-container': standIn(`( ${says}\n); status=$?; trap "" TERM; rm "$2"; exit "$status"`),
        [`data/containers/${name}.erofs`]: '',
      },
    });
    return await device.run(
      `${START} ( exec 8>&-; ${limits}; exec /etc/cocon/services.d/containers ) & logged ': ended with status'; cat /tmp/log; kill -KILL -1`,
    );
  }

  /** What the kernel's log gets of a container that runs `says`, while a script is run. */
  async function logWhile(says: string, script: string): Promise<string> {
    const device = await deviceShell({
      slices: ['base-files', 'containers'],
      files: { 'usr/bin/cocon-container': standIn(says) },
    });
    const { output } = await device.run(
      `${START} /etc/cocon/services.d/containers 8>&- & ${script}; cat /tmp/log; kill -KILL -1`,
    );
    return output;
  }

  const STAYS = `echo run; trap 'kill $!; exit 143' TERM; sleep 100 & wait`;
  const PUT = 'echo >/data/containers/app.erofs';

  test('starts a bundle that is put there later, by writing or by renaming, and no other file', async () => {
    const script = `rmdir /data/containers; sleep 0.3; mkdir /data/containers; sleep 0.3; ${PUT}; logged run
echo >/data/containers/.half.erofs; echo >/data/containers/b.part; echo >/data/c; mv /data/c /data/containers/c.erofs; logged run 2`;
    expect(await logWhile(STAYS, script)).toBe('container app.erofs: run\ncontainer c.erofs: run\n');
  });

  test('starts a bundle that is a link, of either kind, as soon as it is there', async () => {
    const script = `echo >/data/one; ${PUT}; logged run
ln /data/one /data/containers/hard.erofs; logged 'hard.erofs: run'; ln -s /data/one /data/containers/soft.erofs; logged 'soft.erofs: run'
echo other >/data/two; ln -sfn /data/two /data/containers/soft.erofs; logged 'soft.erofs: run' 2`;
    const log = await logWhile(STAYS, script);
    expect(log).toContain('container hard.erofs: run\ncontainer soft.erofs: run\n');
    expect(log).toMatch(/^container soft\.erofs: ended with status 143, its bundle (has changed|is gone)$/m);
  });

  test('waits longer before each start of one that ends at once', async () => {
    expect(await logWhile('exit 3', `${PUT}; logged ended 3`)).toBe(
      [2, 4, 8]
        .map((pause) => `container app.erofs: ended with status 3, starts again in ${pause} s\n`)
        .join(''),
    );
  });

  test('starts again what has ended while /run was full', async () => {
    const device = await deviceShell({
      slices: ['base-files', 'containers'],
      files: { 'usr/bin/cocon-container': standIn('exit 3') },
    });
    const { output } = await device.run(
      `mount -t tmpfs -o size=64k tmpfs /run; ${START} /etc/cocon/services.d/containers 8>&- &
until [ -p /run/containers/queue ]; do sleep 0.1; done; dd if=/dev/zero of=/run/full bs=4k 2>/dev/null
sleep 1; ${PUT}; logged ended 3; cat /tmp/log; kill -KILL -1`,
    );
    expect(output.match(/ended with status 3, starts again in 2 s\n/g)).toHaveLength(3);
  });

  test('starts anew at once what has another bundle, and ends what has none', async () => {
    const script = `${PUT}; logged run; ${PUT}; logged run 2; rm /data/containers/app.erofs; logged gone; ls /run/containers/kept`;
    expect(await logWhile(STAYS, script)).toBe(
      [
        'run',
        'ended with status 143, its bundle has changed',
        'run',
        'ended with status 143, its bundle is gone',
        '',
      ]
        .join('\ncontainer app.erofs: ')
        .replace(/^/, 'container app.erofs: ')
        .replace(/container app\.erofs: $/, ''),
    );
  });

  test('stops what is just being replaced', async () => {
    const slow = STAYS.replace('kill $!', 'sleep 2; kill $!');
    const script = `${PUT}; logged run; ${PUT}; cd /run/containers/kept/app.erofs; until [ -e changed ]; do sleep 0.1; done; echo >held
logged ended; sleep 1; ls`;
    const log = await logWhile(slow, script);
    expect(log).toContain('container app.erofs: ended with status 143, it is stopped\n');
    expect(log).not.toContain('running');
  });

  test('does not start anew what has the bundle that it had', async () => {
    const script = `${PUT}; logged run; exec 7>>/data/containers/app.erofs 7>&-; sleep 1`;
    expect(await logWhile(STAYS, script)).toBe('container app.erofs: run\n');
  });

  test('leaves alone what is stopped until it is started or replaced', async () => {
    const stop = 'echo held >/run/containers/kept/app.erofs/held; cocon-container end app.erofs';
    const start = `printf 'start\\t-\\tapp.erofs\\n' >/run/containers/queue`;
    const script = `${PUT}; logged run; ${stop}; logged stopped; sleep 3; ${start}; logged run 2; ${stop}; logged stopped 2; ${PUT}; logged run 3`;
    const lines = (await logWhile(STAYS, script)).trimEnd().split('\n');
    expect(lines.map((line) => line.replace('container app.erofs: ', ''))).toEqual([
      'run',
      'ended with status 143, it is stopped',
      'run',
      'ended with status 143, it is stopped',
      'run',
    ]);
  });

  test('logs each line of a container as it is, and its end', async () => {
    const { output } = await logOf(String.raw`printf '  in \\033 deep\n\n-n\n' ; echo wrong >&2; exit 3`);
    expect(output).toBe(
      [
        'container app.erofs:   in \\033 deep',
        'container app.erofs: -n',
        'container app.erofs: wrong',
        'container app.erofs: ended with status 3, its bundle is gone',
        '',
      ].join('\n'),
    );
  });

  test('leaves nothing open for a container but input and output', async () => {
    const { output } = await logOf(
      'for fd in 3 4 5 6 7 8 9; do [ ! -e "/proc/self/fd/$fd" ] || echo "has $fd"; done',
    );
    expect(output).toBe('container app.erofs: ended with status 0, its bundle is gone\n');
  });

  test('keeps its own line apart from a last one without an end', async () => {
    const { output } = await logOf('printf "no end"; exit 1');
    expect(output).toBe(
      'container app.erofs: no end\ncontainer app.erofs: ended with status 1, its bundle is gone\n',
    );
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
    expect(records.slice(pieces.length)).toEqual([
      `${head}: next`,
      `${head}: ended with status 0, its bundle is gone`,
    ]);
  });

  test('says nothing more of a line that is just as long as a piece', async () => {
    const { output } = await logOf(`echo ${'x'.repeat(700)}; echo next`);
    expect(output).toBe(
      ['x'.repeat(700), 'next', 'ended with status 0, its bundle is gone']
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
    expect(output).toMatch(
      /container app\.erofs: alive\ncontainer app\.erofs: ended with status 0, its bundle is gone\n$/,
    );
  });
});

describe('services', () => {
  const CHECK = '#!/bin/sh\n[ -e /data/up ] || { echo down; exit 1; }\n';

  /** What the end of a boot says of a service, with one check that asks for what the service makes. */
  async function confirmed(service: string, seconds?: number | string): Promise<string> {
    const device = await deviceShell({
      slices: ['base-files'],
      files: {
        'etc/cocon/services.d/app': `#!/bin/sh\n${service}\n`,
        ...(seconds === undefined ? {} : { 'etc/cocon/services.d/app.ready-seconds': `${seconds}\n` }),
        'etc/cocon/health.d/50-app': CHECK,
      },
    });
    const only =
      'cd /etc/cocon; rm services.d/network health.d/[123]*; chmod +x services.d/app health.d/50-app';
    return (await device.run(`${only}; ./services & ./confirm; kill -KILL -1`)).output;
  }

  test('are seen by a check when they have reported that they are ready', async () => {
    const output = await confirmed('sleep 2; echo >/data/up; : >"$COCON_READY"; sleep 100', 20);
    expect(output).toMatch(/^cocon: healthy, /);
  });

  test('are waited for no longer than their time, and named', async () => {
    const output = await confirmed('sleep 100', 1);
    expect(output).toMatch(/^cocon: app is not ready after 1 s\ndown\n[^]*cocon: unhealthy \(exit 1\)\n/);
  });

  test.for(['30s', '', '-1', '99999999999999999999'])(
    'are not waited for when their time is "%s", which is none',
    async (seconds) => {
      const output = await confirmed('sleep 100', seconds);
      expect(output).toMatch(/^cocon: app\.ready-seconds does not say how many seconds[^\n]*\ndown\n/);
    },
  );

  test('that have nothing to do are not waited for', async () => {
    expect(await confirmed('echo >/data/up', 1000)).toMatch(/^cocon: healthy, /);
  });

  test('are ready again only when they have reported again', async () => {
    const service = 'rm /data/first 2>/dev/null && { : >"$COCON_READY"; exit 1; }; sleep 100';
    const device = await deviceShell({
      slices: ['base-files'],
      files: { 'etc/cocon/services.d/app': `#!/bin/sh\n${service}\n`, 'data/first': '' },
    });
    const { output } = await device.run(
      `rm /etc/cocon/services.d/network; chmod +x /etc/cocon/services.d/app; /etc/cocon/services &
until [ ! -e /data/first ]; do sleep 0.1; done; sleep 1; ls /run/cocon/ready; kill -KILL -1`,
    );
    expect(output).toBe('cocon: app ended, starts again in 2 s\n');
  });

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
      'rm /etc/cocon/services.d/network; chmod +x /etc/cocon/services.d/[ef]*; /etc/cocon/services; cat /data/fails /data/ends',
    );
    expect(run).toEqual({
      output:
        'cocon: fails ended, starts again in 2 s\ncocon: fails ended, starts again in 4 s\nrun\nrun\nrun\nrun\n',
      status: 0,
    });
  });
});
