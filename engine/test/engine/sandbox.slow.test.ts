/** What a build step can and cannot do, each tried in the real sandbox. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { hostileEnvironment } from '../../../cli/test/hostile.ts';
import { BUILD_TIME } from '../../src/build-time.ts';
import { cacheDirectory } from '../../src/cache-directory.ts';
import { runInSandbox, SANDBOX_ENVIRONMENT } from '../../src/engine/sandbox.ts';
import { fillWorkspace, mountsOf } from '../../src/engine/workspace.ts';
import { layerOf } from '../../src/layer/layer-tar.ts';
import { membersOfEntries } from '../../src/layer/members.ts';
import { closureOf } from '../../src/toolchain/lock.ts';
import { toolchainRoot } from '../../src/toolchain/root.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { COMMON_PACKAGES } from '../../toolchain/packages.ts';

let toolchain = '';
let scratch = '';
let work = '';

beforeAll(async () => {
  const packages = closureOf(lock, COMMON_PACKAGES);
  toolchain = (await toolchainRoot(packages, cacheDirectory(), () => {})).directory;
  scratch = await mkdtemp(join(tmpdir(), 'cocon-sandbox-'));
  work = join(scratch, 'work');
  const layer = join(scratch, 'declared.tar');
  const entry = { type: 'file', path: 'value', mode: 0o644, contents: 'declared\n' } as const;
  await writeFile(layer, layerOf(membersOfEntries([entry])));
  await fillWorkspace(work, { inputs: { fragment: 'A=y\n' }, needs: new Map([['declared', layer]]) });
});

afterAll(async () => rm(scratch, { recursive: true, force: true }));

/** The lines that a script prints, and its status. */
async function inside(script: string): Promise<{ lines: readonly string[]; status: number }> {
  const { status, tail } = await runInSandbox(script, mountsOf(work, toolchain, {}));
  return { lines: tail, status };
}

describe('runInSandbox()', () => {
  test('shows the inputs and the declared needs, read-only, and no other slice', async () => {
    const { lines, status } = await inside(
      'ls /needs; cat /needs/declared/value /inputs/fragment; (echo x >/needs/declared/value) || echo refused',
    );
    expect(lines).toEqual([
      'declared',
      'declared',
      'A=y',
      '/usr/bin/bash: line 3: /needs/declared/value: Read-only file system',
      'refused',
    ]);
    expect(status).toBe(0);
    expect((await inside('cat /needs/undeclared/value')).status).not.toBe(0);
  });

  test('has no network: no address is reached, not even one on the machine itself', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const address of [`tcp/127.0.0.1/${port}`, 'tcp/1.1.1.1/80', 'udp/1.1.1.1/53', 'tcp/::1/80']) {
      const { lines, status } = await inside(`exec 3<>/dev/${address}`);
      expect(status).not.toBe(0);
      expect(lines.join(' ')).toMatch(/unreachable|refused|Cannot assign/);
    }
    const { lines } = await inside('cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d " "');
    expect(lines).toEqual(['lo']);
    server.close();
  });

  test('has no home and nothing else of the host', async () => {
    await inside('true');
    const marker = join(homedir(), '.cocon-sandbox-test');
    await writeFile(marker, 'secret');
    try {
      const { lines } = await inside(`ls -A ~ /; cat ${marker} || true; ls /home /root /work /var || true`);
      expect(lines.slice(0, 13)).toEqual([
        '/:',
        ...'bin build dev etc inputs lib lib64 needs out proc sbin tmp'.split(' '),
      ]);
      expect(lines.join('\n')).not.toContain('secret');
      expect(lines.filter((line) => line.includes('No such file'))).toHaveLength(5);
    } finally {
      await rm(marker);
    }
  });

  test('shows the one moment of all builds as the time, to every kind of program, and real times of files', async () => {
    const { lines } = await inside(`
date +%s; perl -e 'print time, "\\n"'; echo $EPOCHSECONDS
printf 'all:\\n\\t@date +%%s\\n' >Makefile; make
echo 'int main(void) { return __DATE__[10] - 53; }' >t.c; cc t.c -o t; ./t; echo $?
touch here; test here -nt /usr/bin/make && test "$(stat -c %Y here)" -gt ${BUILD_TIME} && echo real
rm Makefile t t.c here
`);
    const time = String(BUILD_TIME);
    expect(lines).toEqual([time, time, time, time, '0', 'real']);
  });

  test('lets make compare files with each other without a word about the clock', async () => {
    const { lines } = await inside(`
mkdir m; cd m; printf 'b: a\\n\\tcp a b; echo copied\\n' >Makefile; echo 1 >a
make -s; make -s; sleep 0.01; echo 2 >a; make -s; cd ..; rm -r m`);
    expect(lines).toEqual(['copied', 'copied']);
  });

  test('lets write to /build, /out and /tmp alone', async () => {
    const { lines, status } = await inside(`
for place in /build /out /tmp; do echo x >$place/probe; rm $place/probe; done
for place in / /usr /usr/bin /etc /dev /dev/shm /inputs /needs /sys /home; do
  { echo x >$place/probe; } 2>/dev/null && echo "wrote to $place"
done; echo end`);
    expect(lines).toEqual(['end']);
    expect(status).toBe(0);
  });

  test("cannot change the host's kernel through /proc/sys, as whoever it runs", async () => {
    const script = `
v=$(cat /proc/sys/vm/swappiness)
echo "$v" >/proc/sys/vm/swappiness && echo 'written' || echo 'refused'
`;
    const { lines } = await inside(`{ ${script} } 2>/dev/null`);
    expect(lines).toEqual(['refused']);
  });

  test('has an environment of its own', async () => {
    for (const [name, value] of Object.entries(hostileEnvironment('/home/of/the/person'))) {
      vi.stubEnv(name, value);
    }
    const { lines } = await inside('env');
    vi.unstubAllEnvs();
    const found = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const { PWD: directory, SHLVL: depth, _: program, ...rest } = found;
    expect(rest).toEqual(SANDBOX_ENVIRONMENT);
    expect([directory, depth, program]).toEqual(['/build', '0', '/usr/bin/env']);
  });

  test('stops at the first command that fails, also within a pipe, and gives its status', async () => {
    expect(await inside('echo one; false | cat; echo two')).toEqual({ lines: ['one'], status: 1 });
    expect((await inside('exit 7')).status).toBe(7);
  });

  test('has no power over its own walls', async () => {
    const { lines } = await inside('grep ^CapEff /proc/self/status; id -un; uname -n');
    expect(lines).toEqual(['CapEff:\t0000000000000000', 'root', 'cocon']);
  });

  test('ends the build when the builder ends', async () => {
    const marker = `sleep 98765`;
    const script = `import { runInSandbox } from ${JSON.stringify(join(import.meta.dirname, '../../src/engine/sandbox.ts'))};
setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500);
await runInSandbox(${JSON.stringify(marker)}, ${JSON.stringify(mountsOf(work, toolchain, {}))});`;
    const file = join(scratch, 'kill.ts');
    await writeFile(file, script);
    await expect(promisify(execFile)(process.execPath, [file])).rejects.toMatchObject({ signal: 'SIGKILL' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { stdout } = await promisify(execFile)('ps', ['-e', '-o', 'args']);
    expect(stdout).not.toContain(marker);
  });
});
