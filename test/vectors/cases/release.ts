/** release.json: FORMAT.md §6.1. Each case is the canonical text of the good one with something changed. */
import { encodeRelease, toHex, type Release } from '@cocon-os/sdfs';
import canonicalize from 'canonicalize';

import type { NewCase } from '../new-case.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Every case of this structure. */
export function releaseCases(release: Release): readonly NewCase[] {
  const good = new TextDecoder().decode(encodeRelease(release));
  const text = (name: string, json: string): NewCase => raw(name, Buffer.from(json, 'utf8'));
  const value = (name: string, changes: Readonly<Record<string, Json | undefined>>): NewCase =>
    text(name, canonicalize({ ...release, ...changes }) ?? '');
  const { kernel, initrd, rootfs } = release;
  if (initrd === undefined || rootfs === undefined)
    throw new RangeError('The sample release has an initrd and a rootfs');
  const tree = (name: string, size = 100): Json => ({ name, size, sha256: kernel.sha256 });

  return [
    text('good', good),
    value('no initrd', { initrd: undefined }),
    value('no root file system', { rootfs: undefined }),
    value('no device trees', { deviceTrees: undefined }),
    ...(['amd64', 'arm64', 'riscv64', 'arm'] as const).map((architecture) =>
      value(`for ${architecture}`, { architecture }),
    ),
    value('longest strings', {
      name: 'n'.repeat(64),
      version: 'v'.repeat(64),
      commandLine: 'c'.repeat(1024),
    }),
    value('every character', { commandLine: ` !#$%&'()*+,-./09:;<=>?@AZ[]^_\`az{|}~` }),
    value('empty command line', { commandLine: '' }),
    value('largest numbers', {
      securityVersion: 2 ** 53 - 1,
      attempts: 15,
      kernel: { ...kernel, size: 2 ** 29 },
      rootfs: { ...rootfs, size: 2 ** 40, verity: { ...rootfs.verity, size: 2 ** 40 } },
    }),
    value('26 device trees', {
      deviceTrees: Array.from({ length: 26 }, (_, index) => tree(String.fromCharCode(97 + index))),
    }),
    value('device trees in the order of bytes', {
      deviceTrees: [tree('B'), tree('a'), tree('a.dtb'), tree('ab')],
    }),

    raw('empty', new Uint8Array()),
    text('no JSON', 'release'),
    text('cut off', good.slice(0, -1)),
    text('something behind it', `${good} `),
    text('a line end behind it', `${good}\n`),
    text('a space within', good.replace(',', ', ')),
    text('another order of fields', good.replace(/^\{("architecture":"amd64"),("attempts":3)/, '{$2,$1')),
    text('a field twice', good.replace('"attempts":3', '"attempts":3,"attempts":3')),
    text('an escape', good.replace('sample', 's\\u0061mple')),
    text('an escaped quote', good.replace('sample', 's\\"mple')),
    text('not ASCII', good.replace('sample', 's\u00e4mple')),
    raw('not UTF-8', Buffer.from(good.replace('sample', 's\u00e4mple'), 'latin1')),
    text('a control character', good.replace('sample', 's\u0001mple')),
    text('a delete character', good.replace('sample', 's\u007fmple')),
    text('a byte order mark', `\u{FEFF}${good}`),
    text('null', 'null'),
    text('a list', `[${good}]`),
    text('a number with a fraction', good.replace('"attempts":3', '"attempts":3.0')),
    text('a number with an exponent', good.replace('"attempts":3', '"attempts":3e0')),
    text('a number with a leading zero', good.replace('"attempts":3', '"attempts":03')),
    text('a number with a plus', good.replace('"attempts":3', '"attempts":+3')),
    text('minus zero', good.replace('"securityVersion":1', '"securityVersion":-0')),
    text('a number beyond every double', good.replace('"attempts":3', '"attempts":1e999')),
    text('2^64', good.replace('"securityVersion":1', '"securityVersion":18446744073709551616')),
    text('2^53', good.replace('"securityVersion":1', '"securityVersion":9007199254740992')),
    text('2^53 + 1', good.replace('"securityVersion":1', '"securityVersion":9007199254740993')),
    text('deeply nested', good.replace('"attempts":3', `"attempts":${'['.repeat(500)}${']'.repeat(500)}`)),
    { ...text('65,537 bytes', good), length: 65_537 },

    ...Object.keys(release)
      .filter((field) => !['initrd', 'rootfs', 'deviceTrees'].includes(field))
      .map((field) => value(`${field} is missing`, { [field]: undefined })),
    ...Object.keys(release).map((field) => value(`${field} is null`, { [field]: null })),
    ...Object.keys(release).map((field) => value(`${field} is a boolean`, { [field]: true })),
    value('neither initrd nor rootfs', { initrd: undefined, rootfs: undefined }),
    value('an unknown field', { extra: 1 }),
    text('a field called __proto__', good.replace('"attempts":3', '"__proto__":1,"attempts":3')),
    text(
      'a __proto__ where canonical JSON puts it',
      good.replace('{"architecture"', '{"__proto__":{},"architecture"'),
    ),
    value('an unknown field of the kernel', { kernel: { ...kernel, extra: 1 } }),
    value('an unknown field of the hash tree', {
      rootfs: { ...rootfs, verity: { ...rootfs.verity, salt: '' } },
    }),
    value('another format', { format: 'cocon.release/2' }),
    value('an empty name', { name: '' }),
    value('a name too long', { name: 'n'.repeat(65) }),
    value('an empty version', { version: '' }),
    value('a version too long', { version: 'v'.repeat(65) }),
    value('an unknown architecture', { architecture: 'mips' }),
    value('architecture in capitals', { architecture: 'AMD64' }),
    value('a negative security version', { securityVersion: -1 }),
    value('a security version with a fraction', { securityVersion: 1.5 }),
    value('no attempts', { attempts: 0 }),
    value('too many attempts', { attempts: 16 }),
    value('256 attempts', { attempts: 256 }),
    value('a command line too long', { commandLine: 'c'.repeat(1025) }),
    value('an empty kernel', { kernel: { ...kernel, size: 0 } }),
    value('a kernel too large', { kernel: { ...kernel, size: 2 ** 29 + 1 } }),
    value('a digest in capitals', { kernel: { ...kernel, sha256: kernel.sha256.toUpperCase() } }),
    value('a digest too short', { kernel: { ...kernel, sha256: kernel.sha256.slice(1) } }),
    value('a digest too long', { kernel: { ...kernel, sha256: `${kernel.sha256}0` } }),
    value('a digest that is none', { kernel: { ...kernel, sha256: 'g'.repeat(64) } }),
    value('an initrd too large', { initrd: { ...initrd, size: 2 ** 29 + 1 } }),
    value('an empty initrd', { initrd: { ...initrd, size: 0 } }),
    value('an empty list of device trees', { deviceTrees: [] }),
    value('27 device trees', {
      deviceTrees: Array.from({ length: 27 }, (_, index) => tree(String.fromCharCode(97 + index))),
    }),
    value('device trees out of order', { deviceTrees: [tree('b'), tree('a')] }),
    value('a device tree twice', { deviceTrees: [tree('a'), tree('a')] }),
    value('a device tree without a name', { deviceTrees: [tree('')] }),
    value('a device tree with a long name', { deviceTrees: [tree('n'.repeat(69))] }),
    value('an empty device tree', { deviceTrees: [tree('a', 0)] }),
    value('a root file system of one block', { rootfs: { ...rootfs, size: 4096 } }),
    value('a root file system of half a block', { rootfs: { ...rootfs, size: 10_240 } }),
    value('a root file system too large', { rootfs: { ...rootfs, size: 2 ** 40 + 4096 } }),
    value('an empty hash tree', { rootfs: { ...rootfs, verity: { ...rootfs.verity, size: 0 } } }),
    value('no hash tree', { rootfs: { size: rootfs.size, sha256: rootfs.sha256 } }),
    value('a root hash that is none', { rootfs: { ...rootfs, verity: { ...rootfs.verity, rootHash: '' } } }),
  ];
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
}

function raw(name: string, bytes: Uint8Array): NewCase {
  return {
    name: `release: ${name}`,
    structure: 'release',
    base: 'nothing',
    edits: [
      isText(bytes) ? { offset: 0, text: new TextDecoder().decode(bytes) } : { offset: 0, hex: toHex(bytes) },
    ],
    length: bytes.length,
  };
}
