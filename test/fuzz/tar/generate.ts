/**
 * Random archives with oddities of every kind that a tar can have. Each says which oddities it has, so that what a judge makes
 * of it can be held against the rules (`rules.ts`).
 */
import {
  base256,
  END,
  MAGIC,
  padded,
  rawBody,
  rawHeader,
  rawPax,
  type RawHeader,
} from '../../../image-builder/test/support/raw-tar.ts';
import type { Random } from '../../prove/random.ts';

/** An oddity that some judge takes in another way than we do. */
export type Trait =
  | 'symlink-size'
  | 'size-without-data'
  | 'file-with-slash'
  | 'contiguous-file'
  | 'unknown-flag'
  | 'sparse'
  | 'global-header'
  | 'pax-and-gnu-name'
  | 'repeated-header'
  | 'odd-record'
  | 'odd-number'
  | 'odd-checksum'
  | 'odd-magic'
  | 'odd-prefix'
  | 'odd-end'
  | 'noise'
  | 'dot-dot'
  | 'no-name'
  | 'root-entry'
  | 'whiteout'
  | 'long-name'
  | 'same-name-twice'
  | 'odd-time';

/** An archive and what is odd about it. */
export interface Archive {
  readonly bytes: Buffer;
  readonly traits: ReadonlySet<Trait>;
}

/** Of 100 archives, so many have none of the rarer oddities, so that judges can be compared strictly. */
const PLAIN_SHARE = 40;
const NAMES = ['a', 'b', 'c', 'd', 'd/a', 'd/b', 'e/f/g', '\u00fcber', '\xff\xfe'] as const;
const FRONTS = ['', '', '', './', '/', '//', '/./'] as const;
const LENGTHS = [0, 1, 17, 511, 512, 513, 1500] as const;

/** Makes one archive. */
export function randomArchive(random: Random): Archive {
  return new Maker(random).archive();
}

class Maker {
  readonly #random: Random;
  readonly #traits = new Set<Trait>();
  readonly #names = new Set<string>();
  readonly #odd: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.#odd = random.below(100) >= PLAIN_SHARE;
  }

  archive(): Archive {
    const blocks: Buffer[] = [];
    for (let count = 1 + this.#random.below(6); count > 0; count -= 1) blocks.push(this.#entry());
    const whole = this.#noisy(this.#ended(blocks));
    return { bytes: whole, traits: this.#traits };
  }

  /** Once in `times`, and only in archives that may be odd. */
  #rarely(times: number, trait?: Trait): boolean {
    if (!this.#odd || this.#random.below(times) > 0) return false;
    if (trait !== undefined) this.#traits.add(trait);
    return true;
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#random.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  #entry(): Buffer {
    const flag = this.#flag();
    const header = this.#header(flag);
    const data = this.#data(flag);
    const size = this.#size(flag, data.length);
    const extended = this.#extended(header.name ?? '', flag, data.length);
    return Buffer.concat([...extended, rawHeader({ ...header, ...size }), padded(data)]);
  }

  #flag(): string {
    if (this.#rarely(40, 'contiguous-file')) return '7';
    if (this.#rarely(40, 'unknown-flag')) return this.#pick(['V', 'M', 'D', 'X', 'A', '8', '\xff', ' ']);
    if (this.#rarely(60, 'sparse')) return 'S';
    return this.#pick(['0', '0', '0', '0', '\0', '5', '5', '1', '2', '3', '4', '6']);
  }

  #name(flag: string): string {
    if (this.#rarely(60, 'dot-dot')) return this.#pick(['../a', 'a/../b', '/../a', '..']);
    if (this.#rarely(80, 'no-name')) return '';
    if (this.#rarely(40, 'root-entry')) return this.#pick(['/', '.', './', '//']);
    if (this.#rarely(40, 'whiteout'))
      return this.#pick(['.wh.a', 'd/.wh.a', 'd/.wh..wh..opq', '.wh..wh.plnk/x']);
    if (this.#rarely(60, 'file-with-slash')) return `${this.#pick(NAMES)}/`;
    const name = this.#pick(NAMES);
    if (this.#names.has(name)) this.#traits.add('same-name-twice');
    this.#names.add(name);
    const slash = flag === '5' || (flag === '\0' && this.#odd && this.#random.below(4) === 0) ? '/' : '';
    if (slash !== '' && flag === '\0') this.#traits.add('file-with-slash');
    return this.#pick(FRONTS) + name + slash;
  }

  #header(flag: string): RawHeader {
    const [magic, prefix, trailer] = this.#variant();
    return {
      name: this.#name(flag),
      flag,
      linkname: flag === '1' || flag === '2' ? this.#target() : '',
      mode: this.#number(8, [0o644, 0o755, 0o7777, 0, 0o100644]),
      uid: this.#number(8, [0, 5, 0o7777777]),
      gid: this.#number(8, [0, 7]),
      mtime: this.#time(),
      magic,
      prefix,
      trailer,
      devmajor: this.#number(8, [0, 1, 7]),
      devminor: this.#number(8, [0, 3, 300]),
      ...this.#checksum(),
    };
  }

  #target(): string {
    if (this.#rarely(60, 'dot-dot')) return '../a';
    return this.#pick(FRONTS) + this.#pick(NAMES);
  }

  #variant(): readonly [string, string, string] {
    if (this.#rarely(40, 'odd-magic'))
      return [this.#pick(['ustar\0  ', 'ustar 00', 'tar\0\0\0\0\0']), '', ''];
    if (this.#rarely(40, 'odd-magic')) return [MAGIC.ustar, 'p', 'tar\0'];
    if (this.#rarely(40, 'odd-prefix')) {
      return [this.#pick([MAGIC.gnu, MAGIC.v7]), this.#pick(['p/q', '01234567012']), ''];
    }
    const prefix = this.#random.below(8) === 0 ? this.#pick(['p', 'p/q', '/p']) : '';
    return prefix === ''
      ? [this.#pick([MAGIC.ustar, MAGIC.gnu, MAGIC.v7]), '', '']
      : [MAGIC.ustar, prefix, ''];
  }

  /** A number in one of the ways that fields of `length` bytes have. */
  #number(length: number, values: readonly number[]): number | string {
    const value = this.#pick(values);
    if (this.#rarely(60, 'odd-number')) {
      return this.#pick([
        '9'.repeat(length),
        'x',
        '-1',
        '\xff'.repeat(length),
        `\x80${'\xff'.repeat(length - 1)}`,
        base256(-5, length),
        `${'\0'.repeat(3)}7`,
        '1 2',
      ]);
    }
    if (this.#random.below(6) === 0) return base256(value, length);
    const digits = value.toString(8);
    return this.#random.below(6) === 0
      ? `${digits.padStart(length - 2, ' ')} \0`
      : digits.padStart(length - 1, '0');
  }

  #time(): number | string {
    if (this.#rarely(30, 'odd-time')) return base256(this.#pick([-1, -(2 ** 40), 2 ** 45]), 12);
    return this.#number(12, [0, 1_600_000_000]);
  }

  #checksum(): Pick<RawHeader, 'checksum'> {
    if (!this.#rarely(80, 'odd-checksum')) return {};
    return { checksum: this.#pick(['000000\0 ', '        ', '\0'.repeat(8), '9999999 ']) };
  }

  #data(flag: string): Buffer {
    if (!['0', '\0', '7'].includes(flag)) return Buffer.alloc(0);
    const data = Buffer.alloc(this.#pick(LENGTHS));
    // Also such as look like an end or like a header.
    if (this.#random.below(3) > 0) this.#random.scramble(data);
    if (this.#random.below(8) === 0) data.set(rawHeader({ name: 'hidden' }).subarray(0, data.length));
    return data;
  }

  #size(flag: string, length: number): { readonly size: number | string } {
    if (!['0', '\0', '7'].includes(flag)) {
      if (!this.#rarely(6, flag === '2' ? 'symlink-size' : 'size-without-data')) return { size: 0 };
      return { size: this.#number(12, [1, 18, 512, 700, 5000]) };
    }
    return { size: this.#number(12, [length]) };
  }

  #extended(name: string, flag: string, length: number): readonly Buffer[] {
    const blocks: Buffer[] = [];
    if (this.#random.below(5) === 0) blocks.push(rawPax(this.#records(name, length)));
    if (this.#random.below(8) === 0) blocks.push(rawBody(`${this.#long(name)}\0`, 'L'));
    if (this.#random.below(8) === 0 && '12'.includes(flag)) blocks.push(rawBody(`${this.#target()}\0`, 'K'));
    if (blocks.length > 1) this.#traits.add('pax-and-gnu-name');
    if (this.#rarely(40, 'repeated-header')) {
      blocks.push(rawPax(this.#records(name, length)), rawPax([['mtime', '7']]));
    }
    if (this.#rarely(30, 'global-header')) {
      blocks.unshift(
        rawPax(this.#pick([[['comment', 'x']], [['path', 'all']], [['uid', '9']]] as const), 'g'),
      );
    }
    if (this.#rarely(60, 'odd-record')) {
      const body = this.#pick([
        '5 a=b',
        '9 a=b\n',
        '0 a=b\n',
        'x',
        '6 a=b\nrest',
        '6 =b1\n',
        '11 path=a\0\n',
        '',
      ]);
      blocks.push(rawBody(body, 'x'));
    }
    return blocks;
  }

  #long(name: string): string {
    if (!this.#rarely(4, 'long-name')) return name;
    return this.#pick([`${'l'.repeat(200)}/x`, 'm'.repeat(256), 'n/'.repeat(2100)]);
  }

  #records(name: string, length: number): readonly (readonly [string, string])[] {
    const records: (readonly [string, string])[] = [
      ['mtime', this.#pick(['1', '1.5', '1600000000.123456789'])],
    ];
    if (this.#random.below(3) === 0) records.push(['path', name]);
    if (this.#random.below(3) === 0) records.push(['SCHILY.xattr.user.a', this.#pick(['v', '\0\xff', ''])]);
    if (this.#random.below(3) === 0) records.push(['uid', '70000']);
    if (this.#random.below(4) === 0) records.push(['size', String(length)]);
    if (this.#rarely(8, 'odd-record')) {
      records.push(
        this.#pick([
          ['size', '-1'],
          ['size', '1e3'],
          ['size', '5'],
          ['uid', 'root'],
          ['uid', '-1'],
          ['gid', '99999999999999999999'],
          ['path', ''],
          ['linkpath', ''],
          ['mtime', 'now'],
          ['mtime', '-1.5'],
          ['mtime', '1.'],
          ['mtime', '.5'],
          ['mtime', '+3'],
          ['mtime', '9999999999999999999'],
          ['atime', 'now'],
          ['comment', '\0'],
        ] as const),
      );
    }
    if (this.#rarely(20, 'sparse')) records.push(['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0']);
    return records;
  }

  #ended(blocks: readonly Buffer[]): Buffer {
    const whole = Buffer.concat(blocks);
    if (!this.#rarely(4, 'odd-end')) return Buffer.concat([whole, END]);
    const middle = this.#random.below(blocks.length + 1);
    const split = (between: Buffer): Buffer =>
      Buffer.concat([...blocks.slice(0, middle), between, ...blocks.slice(middle), END]);
    const cut = whole.subarray(0, this.#random.below(whole.length + 1));
    return this.#pick([
      whole,
      Buffer.concat([whole, END.subarray(0, 512)]),
      Buffer.concat([whole, END.subarray(0, 700)]),
      Buffer.concat([whole, END, Buffer.from('behind the end')]),
      Buffer.concat([whole, END, whole, END]),
      split(END.subarray(0, 512)),
      split(END),
      cut,
      Buffer.concat([cut, END]),
      END,
      Buffer.alloc(0),
    ]);
  }

  /** Bytes changed anywhere, as on the way. */
  #noisy(archive: Buffer): Buffer {
    if (archive.length === 0 || !this.#rarely(8, 'noise')) return archive;
    const bytes = Buffer.from(archive);
    for (let count = 1 + this.#random.below(3); count > 0; count -= 1) {
      bytes[this.#random.below(bytes.length)] = this.#random.below(256);
    }
    return bytes;
  }
}
