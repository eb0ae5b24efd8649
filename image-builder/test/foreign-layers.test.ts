/** Layers as whole builders write them: what Docker and umoci make of each is what is made of it here. */
import { describe, expect, it } from 'vitest';

import { writeLayout } from './support/layout.ts';
import { mergedTree } from './support/merged-tree.ts';
import { base256, END, MAGIC, rawBody, rawFile, rawHeader, rawPax } from './support/raw-tar.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();

/** The tree of an image of these layers, each given as its blocks without the end. */
async function treeOf(...layers: readonly (readonly Uint8Array[])[]): Promise<readonly string[]> {
  const layout = scratch('layout');
  writeLayout(
    layout,
    layers.map((blocks) => ({ tar: Buffer.concat([...blocks, END]) })),
  );
  return mergedTree(layout);
}

const directory = (name: string, mode = 0o755): Buffer => rawHeader({ name, flag: '5', mode });
const link = (name: string, linkname: string, size: number | string = 0): Buffer =>
  rawHeader({ name, flag: '1', linkname, size });

describe('a name counts from the root', () => {
  it.for([
    ['kaniko', '/', ['etc/', 'etc/motd']],
    ['ko and Paketo', '/', ['/etc', '/etc/motd']],
    ['GNU tar of .', './', ['./etc/', './etc/motd']],
    ['a writer that cuts the slash off', '', ['etc', 'etc/motd']],
    ['a writer that doubles slashes', '//', ['//etc//', '/./etc//motd']],
  ] as const)('as %s writes it', async ([, root, [etc, motd]]) => {
    expect(await treeOf([directory(root, 0o711), directory(etc), rawFile(motd, 'hello')])).toEqual([
      '. d 711',
      './etc d 755',
      './etc/motd f 644 hello',
    ]);
  });

  it('also in whiteouts, of which one hides all that lower layers have', async () => {
    const lower = [directory('etc'), rawFile('etc/motd', 'old'), rawFile('etc/passwd', 'old')];
    expect(await treeOf(lower, [rawFile('/etc/.wh.motd', '')])).toEqual([
      '. d 755',
      './etc d 755',
      './etc/passwd f 644 old',
    ]);
    expect(await treeOf(lower, [rawFile('/.wh..wh..opq', ''), rawFile('/new', 'new')])).toEqual([
      '. d 755',
      './new f 644 new',
    ]);
    expect(await treeOf(lower, [rawFile('/.wh.etc', '')])).toEqual(['. d 755']);
  });

  it.for(['first', '/first', './first', '//first'])('also in the target of a hard link: "%s"', async (to) => {
    expect(await treeOf([rawFile('first', 'same')], [link('/second', to)])).toEqual([
      '. d 755',
      './first f 644 same',
      './second f 644 same',
    ]);
  });

  it.for([
    ['a PAX record', rawPax([['path', '/opt//tool']])],
    ['a long name of GNU', rawBody('/opt//tool\0', 'L')],
  ] as const)('also in %s', async ([, extended]) => {
    expect(await treeOf([extended, rawFile('short', 'tool')])).toEqual([
      '. d 755',
      './opt d 755',
      './opt/tool f 644 tool',
    ]);
  });

  it.for([
    ['a PAX record', [rawPax([['linkpath', '/first']])]],
    ['a long link of GNU', [rawBody('/./first\0', 'K')]],
  ] as const)('also in a link target in %s', async ([, extended]) => {
    const tree = await treeOf([rawFile('first', 'same'), ...extended, link('second', 'short')]);
    expect(tree).toContain('./second f 644 same');
  });

  it('sets mode, owner and attributes of the root, also above a lower layer', async () => {
    const attribute = rawPax([['SCHILY.xattr.user.a', 'b']]);
    const upper = [attribute, rawHeader({ name: '/', flag: '5', mode: 0o1777, uid: 5 })];
    expect((await treeOf([rawFile('a', 'a')], upper))[0]).toBe('. d 1777');
  });
});

describe('what a header says of data that are not there', () => {
  const first = rawFile('first', 'y'.repeat(700));
  const after = rawFile('last', 'after');
  const SIZES = [1, 100, 511, 512, 513, 700, 4096, 2 ** 30, base256(2 ** 40, 12)] as const;
  const rest = [`./first f 644 ${'y'.repeat(700)}`, './last f 644 after'] as const;

  it.for(SIZES.flatMap((size) => [['1', size] as const, ['2', size] as const]))(
    'a link (flag %s) with a size of %o swallows nothing',
    async ([flag, size]) => {
      const entry = rawHeader({ name: 'link', flag, linkname: 'first', size });
      const tree = await treeOf([first, entry, after]);
      const made = flag === '1' ? `./link f 644 ${'y'.repeat(700)}` : './link l 777 first';
      expect(tree).toEqual(['. d 755', rest[0], rest[1], made].toSorted());
    },
  );

  it.for(['3', '4', '5', '6'])('nor does a device, directory or pipe (flag %s)', async (flag) => {
    const tree = await treeOf([first, rawHeader({ name: 'node', flag, size: 512 }), after]);
    expect(tree).toHaveLength(4);
    expect(tree).toEqual(expect.arrayContaining(['. d 755', ...rest]));
  });

  it('nor does a size that stands in a PAX record', async () => {
    const tree = await treeOf([first, rawPax([['size', '700']]), link('second', 'first'), after]);
    expect(tree).toContain('./last f 644 after');
  });

  it('but a PAX record has the size of a file', async () => {
    const tree = await treeOf([rawPax([['size', '5']]), rawFile('a', 'hello', { size: 0 }), after]);
    expect(tree).toEqual(['. d 755', './a f 644 hello', './last f 644 after']);
  });
});

describe('variants of the header', () => {
  it('a directory of Unix V7 is told by the slash at its end', async () => {
    const v7 = { flag: '\0', magic: MAGIC.v7 } as const;
    const blocks = [rawHeader({ ...v7, name: 'etc/', mode: 0o755 }), rawFile('etc/motd', 'hello', v7)];
    expect(await treeOf(blocks)).toEqual(['. d 755', './etc d 755', './etc/motd f 644 hello']);
  });

  it.for([
    ['POSIX', { magic: MAGIC.ustar, prefix: 'usr' }, './usr/a'],
    ['star', { magic: MAGIC.ustar, prefix: `usr${'\0'.repeat(128)}7`, trailer: 'tar\0' }, './usr/a'],
    ['GNU, which has times there', { magic: MAGIC.gnu, prefix: '01234567012' }, './a'],
    ['Go before 1.8, which took GNU for POSIX', { magic: MAGIC.gnu, prefix: 'usr/lib' }, './usr/lib/a'],
    ['Unix V7, which has nothing there', { magic: MAGIC.v7, prefix: 'usr' }, './a'],
  ] as const)('a prefix of %s', async ([, fields, path]) => {
    expect(await treeOf([rawFile('a', 'a', fields)])).toContain(`${path} f 644 a`);
  });

  it('PAX headers for all entries say nothing of a file, as git archive writes them', async () => {
    const records = { comment: 'a commit', path: 'b', size: '0', uid: '5' };
    const all = rawPax(Object.entries(records), 'g');
    expect(await treeOf([all, rawFile('a', 'a'), all, rawPax([['mtime', '1']]), rawFile('c', 'c')])).toEqual([
      '. d 755',
      './a f 644 a',
      './c f 644 c',
    ]);
  });

  it('a PAX record without a value leaves what the header says', async () => {
    const empty = rawPax(['path', 'linkpath', 'size', 'uid', 'mtime'].map((key) => [key, ''] as const));
    expect(await treeOf([empty, rawFile('a', 'a')])).toEqual(['. d 755', './a f 644 a']);
  });

  it('checksums of signed bytes, numbers of base 256, and a layer without its end', async () => {
    const umlaut = rawHeader({ name: '\u00fc', size: base256(1, 12), mtime: base256(-1, 12) });
    const signed = umlaut.reduce((sum, byte, at) => {
      const value = at >= 148 && at < 156 ? 0x20 : byte;
      return sum + (value < 128 ? value : value - 256);
    }, 0);
    umlaut.write(`${signed.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const layout = scratch('layout');
    writeLayout(layout, [{ tar: Buffer.concat([umlaut, Buffer.from('a')]) }]);
    expect(await mergedTree(layout)).toEqual(['. d 755', './\u00fc f 644 a']);
  });

  it('a layer of nothing, and one of nothing but its end', async () => {
    const layout = scratch('layout');
    writeLayout(layout, [{ tar: Buffer.alloc(0) }, { tar: END }, { tar: rawFile('a', 'a') }]);
    expect(await mergedTree(layout)).toEqual(['. d 755', './a f 644 a']);
  });
});

describe('an entry below what a lower layer has as something else', () => {
  it.for([
    ['a file', rawFile('tool', 'old')],
    ['a pipe', rawHeader({ name: 'tool', flag: '6' })],
    ['a device', rawHeader({ name: 'tool', flag: '3', devmajor: 1, devminor: 3 })],
  ] as const)('makes a directory of %s', async ([, lower]) => {
    expect(await treeOf([lower], [rawFile('tool/bin/x', 'new')])).toEqual([
      '. d 755',
      './tool d 755',
      './tool/bin d 755',
      './tool/bin/x f 644 new',
    ]);
  });

  it('leaves other names of the file alone, and follows a link to it', async () => {
    const lower = [rawFile('a', 'old'), link('b', 'a'), rawHeader({ name: 'c', flag: '2', linkname: 'a' })];
    expect(await treeOf(lower, [rawFile('c/x', 'new')])).toEqual([
      '. d 755',
      './a d 755',
      './a/x f 644 new',
      './b f 644 old',
      './c l 777 a',
    ]);
  });

  it('is refused below a file of its own layer, because one of both would be lost', async () => {
    await expect(treeOf([rawFile('a', 'a'), rawFile('a/b', 'b')])).rejects.toMatchObject({
      code: 'LAYER_ENTRY_INVALID',
      message: expect.stringContaining('below "a", which the same layer has as a file') as unknown,
    });
  });
});

describe('a layer of aufs, as old Docker versions wrote them', () => {
  it('has the files with several names in a place of their own', async () => {
    const aufs = [
      directory('.wh..wh.plnk'),
      rawFile('.wh..wh.plnk/12.34', 'shared'),
      rawFile('.wh..wh.aufs', ''),
    ];
    expect(
      await treeOf([...aufs, link('a', '.wh..wh.plnk/12.34'), link('etc/b', '/.wh..wh.plnk/12.34')]),
    ).toEqual(['. d 755', './a f 644 shared', './etc d 755', './etc/b f 644 shared']);
    await expect(treeOf(aufs, [link('a', '.wh..wh.plnk/12.34')])).rejects.toThrow('which is not there');
  });
});

it('a hard link to itself is reported as one', async () => {
  await expect(treeOf([rawFile('a', '')], [link('a', './a')])).rejects.toThrow(
    'entry "a" is a hard link to itself',
  );
});
