/** What the cloud slice makes of what it is told: right, wrong and hostile. */
import { createServer, type Server } from 'node:http';
import { existsSync, readFileSync, statSync } from 'node:fs';

import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';

import { deviceShell, type DeviceOptions, type DeviceShell } from './device-shell.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJd4k3k2Qy3v0n1r5m8wq7v9u2b6x4c1z0a9s8d7f6g5 me@home';
const RSA = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 other';

interface Told {
  readonly 'instance-id'?: string;
  readonly hostname?: string;
  readonly keys?: string;
  readonly 'user-data'?: string | Uint8Array;
}

/** A device that was told something. */
function told(data: Told, options: Partial<DeviceOptions> = {}): Promise<DeviceShell> {
  const files = Object.entries(data).map(
    ([name, contents]) => [`run/cocon/cloud/${name}`, contents] as const,
  );
  return deviceShell({ slices: ['base-files', 'cloud'], files: Object.fromEntries(files), ...options });
}

const APPLY = '/etc/cocon/cloud/apply /run/cocon/cloud; echo "status $?"; hostname';

function read(device: DeviceShell, path: string): string | undefined {
  const full = device.path(path);
  return existsSync(full) ? readFileSync(full, 'utf8') : undefined;
}

describe('apply', () => {
  test('puts keys where the SSH server looks, for nobody else to write', async () => {
    const device = await told({ keys: `${KEY}\r\n\n${RSA}\n${KEY}\n` });
    const { output } = await device.run(APPLY);
    expect(output).toContain('cocon: cloud: 2 SSH keys');
    expect(read(device, 'data/ssh/authorized_keys')).toBe(`${KEY}\n${RSA}\n`);
    expect(statSync(device.path('data/ssh')).mode & 0o777).toBe(0o700);
    expect(statSync(device.path('data/ssh/authorized_keys')).mode & 0o777).toBe(0o600);
  });

  test('keeps them until the next boot when there is no /data', async () => {
    const device = await told({ keys: KEY }, { data: false });
    await device.run(APPLY);
    expect(read(device, 'run/ssh/authorized_keys')).toBe(`${KEY}\n`);
  });

  test('writes nothing to /data when nothing has changed', async () => {
    const device = await told({ keys: KEY });
    await device.run(APPLY);
    const file = device.path('data/ssh/authorized_keys');
    const { ino } = statSync(file);
    await device.run(APPLY);
    expect(statSync(file).ino).toBe(ino);
  });

  test('leaves the keys alone when it is told of none', async () => {
    const device = await told(
      { keys: '$(reboot)\n' },
      { files: { 'data/ssh/authorized_keys': KEY, 'run/cocon/cloud/keys': 'x' } },
    );
    await device.run(APPLY);
    expect(read(device, 'data/ssh/authorized_keys')).toBe(KEY);
  });

  test.for([
    'command="reboot" ssh-ed25519 AAAA x',
    'ssh-ed25519',
    'ssh-ed25519 $(reboot)',
    'ssh-ed25519 AAAA \u001B[2J',
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    '*',
  ])('takes %j for no key', async (line) => {
    const device = await told({ keys: `${line}\n${KEY}\n` });
    const { output } = await device.run(APPLY);
    expect(output).toContain('passed over: 1 lines that are no SSH keys');
    expect(read(device, 'data/ssh/authorized_keys')).toBe(`${KEY}\n`);
  });

  test.for([
    ['gateway', 'gateway'],
    ['gateway.example.org', 'gateway'],
    ['$(touch /data/owned)', 'cocon'],
    ['-F/etc/passwd', 'cocon'],
    ['a b', 'cocon'],
    ['', 'cocon'],
    ['x'.repeat(64), 'cocon'],
  ] as const)('makes of host name %j the host name %j', async ([name, expected]) => {
    const device = await told({ hostname: `${name}\nsecond\n` });
    const { output } = await device.run(APPLY);
    expect(output).toMatch(new RegExp(`\\n${expected}\\n$`));
    expect(existsSync(device.path('data/owned'))).toBe(false);
  });

  test('takes two words of #cloud-config and says what it passes over', async () => {
    const userData = `#cloud-config
# a comment
hostname: "edge-7"
packages:
  - nginx
ssh_authorized_keys:
  - '${KEY}'
- ${RSA}
write_files:
- path: /etc/x
  content: |
    hostname: other
runcmd: [touch, /data/owned]
`;
    const device = await told({ 'user-data': userData });
    const { output } = await device.run(APPLY);
    expect(read(device, 'data/ssh/authorized_keys')).toBe(`${KEY}\n${RSA}\n`);
    for (const word of ['packages', 'write_files', 'runcmd']) {
      expect(output).toContain(`passed over in user-data: ${word}\n`);
    }
    expect(output).toMatch(/\nedge-7\n$/);
    expect(existsSync(device.path('data/owned'))).toBe(false);
  });

  test.for([
    ['a flow list', `ssh_authorized_keys: [${KEY}]`],
    ['a text', 'ssh_authorized_keys:\n  >\n  ssh-ed25519 AAAA'],
    ['a command', '$(touch /data/owned): x'],
    ['a variable', '${IFS}`touch /data/owned`'],
    ['escape sequences', '\u001B[2J\u001B]0;x\u0007: y'],
    ['a backslash', '\\\\x: \\'],
  ] as const)('passes over %s in #cloud-config', async ([, text]) => {
    const device = await told({ 'user-data': `#cloud-config\n${text}\n` });
    const { output } = await device.run(APPLY);
    expect(output).toMatch(/passed over in user-data: /);
    expect(output).toContain('status 0');
    expect(output).not.toContain('\u001B');
    expect(existsSync(device.path('data/owned'))).toBe(false);
  });

  test.for([
    ['MIME', 'Content-Type: multipart/mixed; boundary="x"\n\n#!/bin/sh\ntouch /data/owned\n'],
    ['#include', '#include\nhttp://example.org/x\n'],
    ['#cloud-boothook', '#cloud-boothook\ntouch /data/owned\n'],
    ['#cloud-config-archive', '#cloud-config-archive\n- x\n'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x27, 0x24, 0x28])],
  ] as const)('passes over %s and says so', async ([, userData]) => {
    const device = await told({ 'user-data': userData });
    const { output } = await device.run(APPLY);
    expect(output).toMatch(/passed over: user-data/);
    expect(existsSync(device.path('data/owned'))).toBe(false);
  });

  const COUNTING = '#!/bin/sh\necho run >>/data/runs\nexit 3\n';

  test('runs a script once for an instance, and again for another', async () => {
    const device = await told({ 'user-data': COUNTING, 'instance-id': 'i-1\n' });
    expect((await device.run(APPLY)).output).toContain('user-data ended with status 3');
    expect((await device.run(APPLY)).output).toContain('user-data has run for this instance');
    await device.run(`echo i-2 >/run/cocon/cloud/instance-id; ${APPLY}`);
    expect(read(device, 'data/runs')).toBe('run\nrun\n');
  });

  test('takes the script itself for the instance when there is no name', async () => {
    const device = await told({ 'user-data': COUNTING });
    await device.run(APPLY);
    await device.run(APPLY);
    expect(read(device, 'data/runs')).toBe('run\n');
  });

  test('notes a script before it starts, so that one that restarts the machine does not do so for ever', async () => {
    const device = await told({
      'user-data': '#!/bin/sh\nls /data/cloud | wc -l >/data/notes\n',
      'instance-id': 'i-1',
    });
    await device.run(APPLY);
    expect(read(device, 'data/notes')?.trim()).toBe('1');
  });

  test.for(['../../etc/x', '$(touch /data/owned)', '-rf', 'a\nb', '*'])(
    'makes no path of the instance-id %j',
    async (id) => {
      const device = await told({ 'user-data': COUNTING, 'instance-id': id });
      await device.run(APPLY);
      const { output } = await device.run('ls /data /data/cloud');
      expect(output).toMatch(/^\/data:\ncloud\nruns\n\n\/data\/cloud:\n[0-9a-f]{64}\n$/);
    },
  );

  test('says when an interpreter is missing', async () => {
    const device = await told({ 'user-data': '#!/nothing/bash\n' });
    expect((await device.run(APPLY)).output).toMatch(/user-data ended with status 12[67]/);
  });
});

describe('apply, of any words', () => {
  const SEED = 20_261_126;
  const WORDS = [
    'hostname',
    'ssh_authorized_keys',
    'runcmd',
    ':',
    '- ',
    '\n',
    ' ',
    '$(touch /data/owned)',
    '`',
    '"',
    "'",
    '\\',
    '*',
    ';',
    '&',
    '|',
    '>/data/owned',
    'ssh-ed25519 AAAA',
    '\u001B[2J',
    '\r',
    '%s',
    '-e',
  ];
  const word = fc.oneof(fc.constantFrom(...WORDS), fc.string({ unit: 'binary', maxLength: 8 }));
  const text = fc.array(word, { maxLength: 30 }).map((words) => words.join(''));

  test('runs nothing, writes nothing but keys, and shows nothing but letters', async () => {
    const texts = fc.sample(text, { numRuns: 200, seed: SEED });
    const files = Object.fromEntries(
      texts.flatMap((each, index) => [
        [`run/told/${index}/user-data`, `#cloud-config\n${each}`],
        [`run/told/${index}/hostname`, each],
        [`run/told/${index}/keys`, each],
        [`run/told/${index}/instance-id`, each],
      ]),
    );
    const device = await deviceShell({ slices: ['base-files', 'cloud'], files });
    const { output, status } = await device.run(
      'cd /; for place in /run/told/*; do /etc/cocon/cloud/apply "$place" || echo "$place failed"; done; ls -A /data /data/ssh',
    );
    expect(status).toBe(0);
    expect(output).not.toContain('failed');
    expect(output).toMatch(/^[\n -~]*$/);
    expect(output).toMatch(/\/data:\nssh\n\n\/data\/ssh:\n(?:authorized_keys\n)?$/);
  });
});

const META_DATA = `instance-id: "iid-1"\r
local-hostname: edge # not a comment for us
network-interfaces: |
  instance-id: other
`;

describe('meta-data of NoCloud', () => {
  test('gives what stands at the start of a line', async () => {
    const device = await deviceShell({
      slices: ['base-files', 'cloud'],
      files: { 'run/meta-data': META_DATA },
    });
    await device.run('awk -v directory=/run -f /etc/cocon/cloud/meta-data.awk /run/meta-data');
    expect(read(device, 'run/instance-id')).toBe('iid-1\n');
    expect(read(device, 'run/hostname')).toBe('edge # not a comment for us\n');
  });
});

/** A metadata service as EC2 has it: by path, what it answers. */
async function serve(
  answers: Readonly<Record<string, string>>,
  wantsToken = true,
): Promise<{ readonly address: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(`${request.method ?? ''} ${path}`);
    const refused = wantsToken && request.headers['x-aws-ec2-metadata-token'] !== 'tok==';
    if (request.method === 'PUT' && path === '/latest/api/token' && wantsToken) {
      response.writeHead(request.headers['x-aws-ec2-metadata-token-ttl-seconds'] === undefined ? 400 : 200);
      response.end('tok==');
    } else if (refused) {
      response.writeHead(401).end();
    } else {
      const answer = request.method === 'GET' ? answers[path] : undefined;
      response.writeHead(answer === undefined ? 404 : 200).end(answer);
    }
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { address: `127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`, asked };
}

const EC2 = 'mkdir -p /run/x; /etc/cocon/cloud/ec2 /run/x';

describe('ec2', () => {
  const ANSWERS = {
    '/latest/meta-data/instance-id': 'i-0abc',
    '/latest/meta-data/local-hostname': 'ip-10-0-0-7.internal',
    '/latest/meta-data/public-keys/': '0=first\n1=second',
    '/latest/meta-data/public-keys/0/openssh-key': `${KEY}\n`,
    '/latest/meta-data/public-keys/1/openssh-key': RSA,
    '/latest/user-data': '#!/bin/sh\n',
  };

  test.for([true, false])('gets all that there is (with a token: %s)', async (wantsToken) => {
    const { address, asked } = await serve(ANSWERS, wantsToken);
    const device = await deviceShell({
      slices: ['cloud'],
      commandLine: `quiet cocon.metadata=http://${address}/ ro`,
    });
    expect(await device.run(EC2)).toEqual({ output: '', status: 0 });
    expect(asked[0]).toBe('PUT /latest/api/token');
    expect(read(device, 'run/x/instance-id')).toBe('i-0abc');
    expect(read(device, 'run/x/hostname')).toBe('ip-10-0-0-7.internal');
    expect(read(device, 'run/x/keys')).toBe(`${KEY}\n\n${RSA}\n`);
    expect(read(device, 'run/x/user-data')).toBe('#!/bin/sh\n');
  });

  test('is content with an instance that has neither keys nor user-data', async () => {
    const { address } = await serve({ '/latest/meta-data/instance-id': 'i-1' });
    const device = await deviceShell({
      slices: ['base-files', 'cloud'],
      commandLine: `cocon.metadata=http://${address}`,
    });
    expect(await device.run(EC2)).toEqual({ output: '', status: 0 });
    expect(read(device, 'run/x/keys')).toBeUndefined();
    expect(read(device, 'run/x/user-data')).toBeUndefined();
  });

  test('makes no path of what it is told', async () => {
    const answers = {
      ...ANSWERS,
      '/latest/meta-data/public-keys/': '0=a\n../../user-data=b\n1/../0=c\n$(reboot)=d\n',
    };
    const { address, asked } = await serve(answers);
    const device = await deviceShell({
      slices: ['base-files', 'cloud'],
      commandLine: `cocon.metadata=http://${address}`,
    });
    await device.run(EC2);
    expect(asked.filter((each) => each.includes('openssh-key'))).toEqual([
      'GET /latest/meta-data/public-keys/0/openssh-key',
    ]);
  });

  test('fails when the service fails in the middle', async () => {
    const { '/latest/meta-data/public-keys/1/openssh-key': _, ...answers } = ANSWERS;
    const { address } = await serve(answers);
    const device = await deviceShell({
      slices: ['base-files', 'cloud'],
      commandLine: `cocon.metadata=http://${address}`,
    });
    expect(await device.run(EC2)).toEqual({
      output: `cocon: cloud: ${address} does not give key 1\n`,
      status: 1,
    });
  });

  test('asks nobody where neither the firmware nor the command line says so', async () => {
    const device = await deviceShell({ slices: ['cloud'] });
    expect(await device.run(EC2)).toEqual({ output: '', status: 1 });
  });

  test.for(['http://a/b', 'http://$(reboot)', 'https://a', 'http://-x y', 'http://a:b'])(
    'refuses the address %s',
    async (address) => {
      const device = await deviceShell({
        slices: ['base-files', 'cloud'],
        commandLine: `cocon.metadata=${address}`,
      });
      const { output, status } = await device.run(`hostname() { :; }; ${EC2}`);
      expect(status).toBe(1);
      expect(output).toContain('cocon.metadata is no address');
    },
  );
});
