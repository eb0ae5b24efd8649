import { expect, test } from 'vitest';

import { qemuArguments } from '../src/arguments.ts';
import { defineMachine } from '../src/machine.ts';
import type { MachineOptions } from '../src/machine.ts';

function argumentsOf(options: Partial<MachineOptions>): string {
  const machine = defineMachine({ name: 'board', ...options });
  const args = qemuArguments(machine, {
    accelerator: 'tcg',
    qmpSocket: '/run/qmp.sock',
    ...(machine.firmware.kind === 'uefi'
      ? { firmware: { code: '/fw/code.fd', variables: '/run/vars.fd' } }
      : {}),
    disks: machine.disks.map((disk) => ({ path: disk.path, format: disk.format ?? 'raw' })),
  });
  return args.join(' ').replaceAll(' -', '\n-');
}

test('qemuArguments() spells out the smallest UEFI machine', () => {
  expect(argumentsOf({})).toMatchInlineSnapshot(`
    "-name board
    -nodefaults
    -no-user-config
    -display none
    -machine q35,accel=tcg,pflash0=flash0,pflash1=flash1
    -cpu max
    -smp 1
    -m 512M
    -chardev stdio,id=console,signal=off
    -serial chardev:console
    -chardev socket,id=monitor,path=/run/qmp.sock
    -mon chardev=monitor,mode=control
    -blockdev {"driver":"raw","node-name":"flash0","read-only":true,"file":{"driver":"file","filename":"/fw/code.fd"}}
    -blockdev {"driver":"raw","node-name":"flash1","file":{"driver":"file","filename":"/run/vars.fd"}}
    -device {"driver":"virtio-rng-pci"}"
  `);
});

test('qemuArguments() puts a kernel into memory without firmware', () => {
  const words = argumentsOf({
    firmware: { kind: 'kernel', kernel: 'vmlinuz', initrd: 'initrd', commandLine: 'console=ttyS0 panic=1' },
    rng: false,
    onReset: 'exit',
  });
  expect(words).toMatchInlineSnapshot(`
    "-name board
    -nodefaults
    -no-user-config
    -display none
    -machine q35,accel=tcg
    -cpu max
    -smp 1
    -m 512M
    -chardev stdio,id=console,signal=off
    -serial chardev:console
    -chardev socket,id=monitor,path=/run/qmp.sock
    -mon chardev=monitor,mode=control
    -kernel vmlinuz
    -initrd initrd
    -append console=ttyS0 panic=1
    -no-reboot"
  `);
});

test('qemuArguments() gives each disk its controller, block size, serial and place in the boot order', () => {
  const words = argumentsOf({
    disks: [
      { path: 'a,b.img', logicalBlockSize: 4096, writeLog: 'a.log' },
      { path: 'c.qcow2', format: 'qcow2', interface: 'nvme', serial: 'second' },
      { path: 'd.img', interface: 'ahci', readOnly: true },
    ],
  });
  expect(
    words
      .split('\n')
      .filter((word) => /^-(device|blockdev)/.test(word))
      .slice(2, -1)
      .join('\n'),
  ).toMatchInlineSnapshot(`
    "-blockdev {"driver":"blklogwrites","node-name":"disk0","file":{"driver":"raw","read-only":false,"file":{"driver":"file","filename":"a,b.img","read-only":false,"discard":"unmap"}},"log":{"driver":"file","filename":"a.log"}}
    -device {"driver":"virtio-blk-pci","drive":"disk0","id":"disk0-device","bootindex":0,"logical_block_size":4096,"physical_block_size":4096,"serial":"cocon-0"}
    -blockdev {"driver":"qcow2","read-only":false,"file":{"driver":"file","filename":"c.qcow2","read-only":false,"discard":"unmap"},"node-name":"disk1"}
    -device {"driver":"nvme","drive":"disk1","id":"disk1-device","bootindex":1,"logical_block_size":512,"physical_block_size":512,"serial":"second"}
    -blockdev {"driver":"raw","read-only":true,"file":{"driver":"file","filename":"d.img","read-only":true,"discard":"unmap"},"node-name":"disk2"}
    -device {"driver":"ide-hd","bus":"ide.2","drive":"disk2","id":"disk2-device","bootindex":2,"logical_block_size":512,"physical_block_size":512,"serial":"cocon-2"}"
  `);
});

test('qemuArguments() takes explicit boot places instead of the order of the disks', () => {
  const words = argumentsOf({ disks: [{ path: 'a.img' }, { path: 'b.img', bootIndex: 0 }] });
  expect(words.match(/"id":"disk\d-device"(,"bootindex":\d+)?/g)).toEqual([
    '"id":"disk0-device"',
    '"id":"disk1-device","bootindex":0',
  ]);
});

test('qemuArguments() gives disks no place in a boot order whose first is a kernel', () => {
  const words = argumentsOf({ firmware: { kind: 'kernel', kernel: 'vmlinuz' }, disks: [{ path: 'a.img' }] });
  expect(words).toContain('"id":"disk0-device"');
  expect(words).not.toContain('bootindex');
});

test('qemuArguments() adds network, watchdog and graphics on request', () => {
  const words = argumentsOf({
    network: { forwards: [{ hostPort: 8022, guestPort: 22 }] },
    watchdog: 'i6300esb',
    graphics: true,
    extraArguments: ['-rtc', 'base=2001-01-01'],
  });
  expect(words.split('\n').slice(-7).join('\n')).toMatchInlineSnapshot(`
    "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:8022-:22
    -device {"driver":"virtio-net-pci","netdev":"net0","romfile":""}
    -device {"driver":"virtio-rng-pci"}
    -device {"driver":"VGA"}
    -device {"driver":"i6300esb"}
    -action watchdog=reset
    -rtc base=2001-01-01"
  `);
});

test.each([
  ['memoryMiB', { memoryMiB: 8 }],
  ['cpus', { cpus: 0 }],
  ['cpus', { cpus: 1.5 }],
  ['disks[0].path', { disks: [{ path: '' }] }],
  ['disks[0].serial', { disks: [{ path: 'a', serial: 'x'.repeat(21) }] }],
  ['disks[0].snapshot', { disks: [{ path: 'a', snapshot: true, readOnly: true }] }],
  ['disks[0].writeLog', { disks: [{ path: 'a', snapshot: true, writeLog: 'log' }] }],
  ['hostPort', { network: { forwards: [{ hostPort: 0, guestPort: 22 }] } }],
] as const)('defineMachine() refuses a wrong %s', (option, options) => {
  const define = (): unknown => defineMachine({ name: 'board', ...options });
  expect(define).toThrow(
    expect.objectContaining({ code: 'QEMU_BAD_OPTION', message: expect.stringContaining(option) }),
  );
});
