import { describe, expect, test } from 'vitest';

import { SerialSession } from '../src/serial-session.ts';

function session(): {
  readonly serial: SerialSession;
  readonly typed: string[];
  readonly say: (text: string) => void;
} {
  const typed: string[] = [];
  const serial = new SerialSession({
    name: '"guest"',
    logPath: '/log/guest.log',
    write: (text) => void typed.push(text),
  });
  return { serial, typed, say: (text) => serial.receive(Buffer.from(text)) };
}

describe('SerialSession.expect()', () => {
  test('finds what was said before it was asked for, and what is said later', async () => {
    const { serial, say } = session();
    say('first\r\n');
    await expect(serial.expect('first')).resolves.toMatchObject({ text: 'first' });
    const later = serial.expect(/sec(.)nd/);
    say('\u001B[1msec');
    say('ond\r\n');
    await expect(later).resolves.toMatchObject({ groups: ['o'] });
  });

  test('says which lines were last and where the log is when time is up', async () => {
    const { serial, say } = session();
    say('last words\n');
    const wait = serial.expect('login:', { timeoutMs: 1 });
    await expect(wait).rejects.toMatchObject({
      code: 'EXPECT_TIMEOUT',
      message: expect.stringContaining('last words'),
      hint: expect.stringContaining('/log/guest.log'),
    });
  });

  test('ends with GUEST_PANIC when the kernel gives up', async () => {
    const { serial, say } = session();
    const wait = serial.expect('login:');
    say('Kernel panic - not syncing: Attempted to kill init!\n');
    await expect(wait).rejects.toMatchObject({ code: 'GUEST_PANIC' });
  });

  test('finds a panic that is what is waited for', async () => {
    const { serial, say } = session();
    say('Kernel panic - not syncing: VFS\nlogin: ');
    await expect(serial.expect(/Kernel panic.*/)).resolves.toMatchObject({
      text: 'Kernel panic - not syncing: VFS',
    });
  });

  test('waits through a panic when nothing fails on it', async () => {
    const { serial, say } = session();
    say('Kernel panic - not syncing: VFS\nlogin: ');
    await expect(serial.expect('login: ', { failOn: [] })).resolves.toMatchObject({ text: 'login: ' });
  });

  test('ends with QEMU_EXITED after what was said has been looked at', async () => {
    const { serial, say } = session();
    say('goodbye\n');
    serial.end('QEMU exited with status 1');
    await expect(serial.expect('goodbye')).resolves.toBeDefined();
    await expect(serial.expect('hello')).rejects.toMatchObject({
      code: 'QEMU_EXITED',
      message: expect.stringContaining('status 1'),
    });
  });

  test('decodes a character whose bytes come apart', async () => {
    const { serial } = session();
    const bytes = Buffer.from('größe\n');
    serial.receive(bytes.subarray(0, 3));
    serial.receive(bytes.subarray(3));
    await expect(serial.expect(/.*/)).resolves.toMatchObject({ text: 'größe' });
  });
});

describe('SerialSession.run()', () => {
  test('gives output and status of a command, without the echo of the line', async () => {
    const { serial, typed, say } = session();
    const result = serial.run('ls /none');
    const line = typed[0] ?? '';
    const nonce = /(\w+)-begin/.exec(line)?.[1] ?? '';
    say(`# ${line}\n@@${nonce}-begin\r\nls: /none: No such file\r\n`);
    say(`\r\n@@${nonce}-end:1@@\r\n# `);
    await expect(result).resolves.toEqual({ output: 'ls: /none: No such file', status: 1 });
  });
});
