/** FORMAT.md, `sdfs/src/format.ts` and `bootloader/core/src/format.rs` say the same: names, offsets, sizes, limits, errors. */
import { readFileSync } from 'node:fs';

import * as sdfs from '@cocon-os/sdfs';
import { describe, expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const text = read('sdfs/FORMAT.md');
const rust = read('bootloader/core/src/format.rs');
const rustErrors = read('bootloader/core/src/error.rs');

/** The rows of the first table below a heading, cell by cell, without the head. */
function tableBelow(heading: string, column: string): readonly (readonly string[])[] {
  const from = text.indexOf(heading);
  expect(from, `FORMAT.md has no heading "${heading}"`).toBeGreaterThanOrEqual(0);
  const lines = text.slice(from).split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| ${column} |`));
  const rows = lines.slice(head + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

interface FieldRow {
  readonly offset: number;
  readonly size: number;
  readonly type: string;
}
type FieldTable = Readonly<Record<string, FieldRow>>;

/** The fields of a structure, without the reserved ones. */
function documentedFields(heading: string): FieldTable {
  const rows = tableBelow(heading, 'offset').map(
    ([offset, size, type = '', name = '']) =>
      [name, { offset: Number(offset), size: Number(size), type }] as const,
  );
  return Object.fromEntries(rows.filter(([name]) => !name.startsWith('reserved')));
}

/** Every byte of a structure is named once in FORMAT.md. */
function expectNoGaps(heading: string, sizeBytes: number): void {
  let end = 0;
  for (const [offset, size] of tableBelow(heading, 'offset')) {
    expect(Number(offset), `${heading}: a gap or an overlap`).toBe(end);
    end += Number(size);
  }
  expect(end).toBe(sizeBytes);
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function typescriptFields(fields: Readonly<Record<string, FieldRow>>): FieldTable {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { offset, size, type }]) => [snakeCase(name), { offset, size, type }]),
  );
}

const RUST_TYPES: Readonly<Record<string, number>> = { U8: 1, U16: 2, U32: 4, U64: 8 };

/** The constants of a `pub mod` of format.rs. Rust has one type for UUIDs and other bytes. */
function rustFields(module: string): FieldTable {
  const body = new RegExp(`pub mod ${module} \\{(.*?)\\n\\}`, 's').exec(rust)?.[1] ?? '';
  const rows = [
    ...body.matchAll(/pub const (\w+): (?:(U\d+)|Bytes<(\d+)>) = \w+(?:::<\d+>)?\((\d+)\);/g),
  ].map(
    ([, name = '', integer, bytes, offset]) =>
      [
        name.toLowerCase(),
        {
          offset: Number(offset),
          size: integer === undefined ? Number(bytes) : (RUST_TYPES[integer] ?? 0),
          type: integer?.toLowerCase() ?? 'bytes',
        },
      ] as const,
  );
  return Object.fromEntries(rows);
}

const withoutUuids = (table: FieldTable): FieldTable =>
  Object.fromEntries(
    Object.entries(table).map(([name, row]) => [
      name,
      { ...row, type: row.type === 'uuid' ? 'bytes' : row.type },
    ]),
  );

const STRUCTURES = [
  ['### 3.1', sdfs.SUPERBLOCK, 'superblock'],
  ['### 4.2', sdfs.RECORD_HEADER, 'record'],
  ['### 4.3', sdfs.SLOT_ENTRY, 'slot_entry'],
  ['### 4.4', sdfs.FAILURE_ENTRY, 'failure_entry'],
  ['### 4.8', sdfs.OUTPUT_ENTRY, 'output_entry'],
  ['### 5.1', sdfs.DESCRIPTOR_HEADER, 'descriptor'],
  ['### 5.2', sdfs.FILE_ENTRY, 'file_entry'],
  ['### 5.3', sdfs.EXTENT_ENTRY, 'extent_entry'],
  ['### 6.2', sdfs.SIGNATURE_ENTRY, 'signature_entry'],
] as const;

describe.each(STRUCTURES)('the table of FORMAT.md %s', (heading, layout, module) => {
  test('names every byte once', () => expectNoGaps(heading, layout.sizeBytes));
  test('is the one of format.ts', () =>
    expect(typescriptFields(layout.fields)).toEqual(documentedFields(heading)));
  test('is the one of format.rs', () =>
    expect(rustFields(module)).toEqual(withoutUuids(documentedFields(heading))));
});

describe('the limits of FORMAT.md §12', () => {
  const documented = Object.fromEntries(
    tableBelow('## 12. Limits', 'name').map(([name = '', value]) => [name, Number(value)]),
  );
  test('are those of format.ts', () => expect(sdfs.LIMITS).toEqual(documented));
  test('are those of format.rs', () => {
    const constants = [...rust.matchAll(/^pub const (\w+): (?:usize|u\d+) = ([\d_]+);$/gm)].map(
      ([, name = '', value = '']) => [name, Number(value.replaceAll('_', ''))] as const,
    );
    expect(Object.fromEntries(constants.filter(([name]) => name in documented))).toEqual(documented);
  });
  test('the partition type is the same', () => {
    const documentedType = /partition type of an SDFS volume is `([^`]+)`/.exec(text)?.[1];
    expect(sdfs.PARTITION_TYPE).toBe(documentedType);
    expect(/PARTITION_TYPE: &str = "([^"]+)"/.exec(rust)?.[1]).toBe(documentedType);
  });
});

describe('the errors of FORMAT.md §10', () => {
  const documented = Object.fromEntries(
    tableBelow('## 10. Errors', 'number').map(([number, code = '']) => [code, Number(number)]),
  );
  test('are those of errors.ts', () => expect(sdfs.ERROR_NUMBERS).toEqual(documented));
  test('are those of error.rs', () => {
    const rows = [...rustErrors.matchAll(/=> \((\d+), "(\w+)"\)/g)].map(
      ([, number, code = '']) => [code, Number(number)] as const,
    );
    expect(Object.fromEntries(rows)).toEqual(documented);
  });
});

/** The names of a numbered table, whose numbers follow each other. */
function names(heading: string, column: string): readonly string[] {
  const rows = tableBelow(heading, column);
  expect(rows.map(([number]) => Number(number))).toEqual(
    rows.map((_, index) => index + Number(rows[0]?.[0])),
  );
  return rows.map(([, name = '']) => name);
}

describe('the names of FORMAT.md', () => {
  test('§4.3: states', () => {
    const [, , , , meaning = ''] = tableBelow('### 4.3', 'offset')[0] ?? [];
    expect(sdfs.SLOT_STATES.map((name, number) => `${number} ${name}`).join(', ')).toBe(meaning);
  });
  test('§4.5: progress', () => expect(sdfs.PROGRESS).toEqual(names('### 4.5', 'progress')));
  test('§4.5: reasons', () => expect(sdfs.REASONS).toEqual(names('### 4.5', 'reason')));
  test('§5.4: file kinds', () =>
    expect(sdfs.FILE_KINDS.slice(1)).toEqual(
      names('### 5.4', 'kind').map((name) => name.replace(/\/.*/, '')),
    ));
});
