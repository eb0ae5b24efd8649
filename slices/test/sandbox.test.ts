import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { runInSandbox } from '../src/build/sandbox.ts';
import { scratchDirectory } from './support.ts';

/** Runs a script with an empty /build and /out, and returns its lines. */
async function linesOf(script: string): Promise<readonly string[]> {
  const root = await scratchDirectory();
  for (const name of ['build', 'out', 'inputs']) await mkdir(join(root, name));
  await writeFile(join(root, 'inputs/given'), 'given\n');
  const mounts = {
    readOnly: { '/inputs': join(root, 'inputs') },
    writable: { '/build': join(root, 'build'), '/out': join(root, 'out') },
  };
  const { status, stdout, tail } = await runInSandbox(script, mounts);
  expect(tail.join('\n')).toBe(stdout);
  expect(status).toBe(0);
  return stdout.split('\n');
}

describe('runInSandbox()', () => {
  it('has no network but a loopback that is down', async () => {
    const [devices] =
      await linesOf(`ls /sys/class/net 2>/dev/null || tail -n +3 /proc/net/dev | cut -d: -f1 | xargs
(exec 3<>/dev/tcp/192.0.2.1/80) 2>/dev/null && echo connected || echo unreachable`);
    expect(devices).toBe('lo');
    expect(
      (await linesOf('(exec 3<>/dev/tcp/192.0.2.1/80) 2>/dev/null && echo connected || echo unreachable')).at(
        -1,
      ),
    ).toBe('unreachable');
  });

  it('sees no home, no other process, no /usr/local and nothing of /etc but its alternatives', async () => {
    expect(existsSync(homedir())).toBe(true);
    expect(
      await linesOf(`test -e ${homedir()} && echo home
ls -A /etc /usr/local
ls -d /proc/[0-9]* | wc -l | { read -r count; [ "$count" -le 6 ] && echo few; }`),
    ).toEqual(['/etc:', 'alternatives', '', '/usr/local:', 'few']);
  });

  it('has one environment wherever it is started', async () => {
    process.env['COCON_SECRET'] = 'leak';
    try {
      expect(
        await linesOf(
          'env | grep -v -e ^_= -e ^SHLVL= | sort; pwd; id -u; hostname 2>/dev/null || uname -n; umask',
        ),
      ).toEqual([
        'HOME=/build',
        'KBUILD_BUILD_HOST=cocon',
        'KBUILD_BUILD_TIMESTAMP=Wed, 01 Jan 2025 00:00:00 GMT',
        'KBUILD_BUILD_USER=cocon',
        'LC_ALL=C.UTF-8',
        'PATH=/usr/bin:/usr/sbin',
        'PWD=/build',
        'SOURCE_DATE_EPOCH=1735689600',
        'TZ=UTC',
        '/build',
        '0',
        'cocon',
        '0022',
      ]);
    } finally {
      delete process.env['COCON_SECRET'];
    }
  });

  it('can write to /build, /out and /tmp, and to nothing else', async () => {
    expect(
      await linesOf(`for place in /build /out /tmp /usr/bin /inputs /etc/alternatives /needs-not; do
  { echo x >"$place/probe"; } 2>/dev/null && echo "$place" || true
done
cat /inputs/given`),
    ).toEqual(['/build', '/out', '/tmp', 'given']);
  });

  it('stops at the first command that fails, in a pipe too', async () => {
    const root = await scratchDirectory();
    const mounts = { readOnly: {}, writable: { '/build': root } };
    expect((await runInSandbox('false | true\necho on', mounts)).stdout).toBe('');
    expect((await runInSandbox('exit 7', mounts)).status).toBe(7);
  });
});
