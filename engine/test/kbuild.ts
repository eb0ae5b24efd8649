/**
 * What Kbuild's Makefiles build of which symbol, read without make: enough to find objects whose
 * source is not there. What hangs on a variable that is not set by plain words in the same file is
 * passed over and counted.
 */
import { dirname, join } from 'node:path';

/** An object or a directory that a Makefile asks for. */
export interface Wanted {
  /** From the top of the tree: `drivers/net/tun.o`, `drivers/net/fjes/`. */
  readonly path: string;
  /**
   * Symbols that it is built for: of its own line, of what is composed of it, of directories above.
   * None: always.
   */
  readonly symbols: ReadonlySet<string>;
  readonly makefile: string;
}

/** What is asked for and not there. */
export interface Missing {
  readonly path: string;
  readonly symbols: readonly string[];
  readonly makefile: string;
}

interface Line {
  readonly name: string;
  readonly value: string;
  readonly symbols: ReadonlySet<string>;
}

/**
 * Assignments of a Makefile with the symbols of the conditions around them, both branches of each.
 */
function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  const around: string[][] = [];
  for (const raw of text.replaceAll(/\\\n[ \t]*/g, ' ').split('\n')) {
    const line = raw.replace(/(^|\s)#.*$/, '').trimEnd();
    const condition = /^\s*(ifdef|ifndef|ifeq|ifneq)\b(.*)$/.exec(line);
    if (condition !== null) around.push(symbolsIn(condition[2] ?? ''));
    else if (/^\s*endif\b/.test(line)) around.pop();
    const assigned = /^\s*([\w.$(){}-]+?)\s*(?:[:+?]?=)\s*(.*)$/.exec(line);
    if (assigned === null || line.startsWith('\t')) continue;
    const [, name = '', value = ''] = assigned;
    lines.push({ name, value, symbols: new Set([...around.flat(), ...symbolsIn(name)]) });
  }
  return lines;
}

function symbolsIn(text: string): string[] {
  return [...text.matchAll(/CONFIG_(\w+)/g)].map(([, symbol = '']) => symbol);
}

/** Plain words of a value, variables that are plain themselves and `addprefix` resolved. */
function wordsOf(value: string, variables: ReadonlyMap<string, string>, depth = 0): readonly string[] {
  if (depth > 4) return [];
  const plain = value
    .replaceAll(/\$\(addprefix\s+([^,$()]+),([^()]*)\)/g, (_, prefix: string, words: string) =>
      words
        .trim()
        .split(/\s+/)
        .map((word) => `${prefix.trim()}${word}`)
        .join(' '),
    )
    .replaceAll(/\$[({](\w[\w.-]*)[)}]/g, (whole, name: string) => {
      const known = variables.get(name);
      return known === undefined ? whole : wordsOf(known, variables, depth + 1).join(' ');
    });
  return plain.split(/\s+/).filter((word) => word !== '');
}

/** The end of a name that makes it a list of objects: `obj-y`, `lib-$(CONFIG_X)`, `tg3-objs`. */
const LIST = /^(.*)-(y|m|objs|\$[({]CONFIG_\w+[)}])$/;

/** What the Makefile of a directory asks for, and the objects that it composes of others. */
function wantedBy(
  makefile: string,
  text: string,
): { readonly wanted: readonly Wanted[]; readonly skipped: number } {
  const lines = linesOf(text);
  const variables = new Map<string, string>();
  for (const { name, value } of lines) variables.set(name, `${variables.get(name) ?? ''} ${value}`);
  const parts = new Map<string, { word: string; symbols: ReadonlySet<string> }[]>();
  let skipped = 0;
  for (const { name, value, symbols } of lines) {
    const list = LIST.exec(wordsOf(name.replaceAll(/\$[({]CONFIG_/g, '$(CONFIG_'), variables).join(''));
    const of = list?.[1];
    if (of === undefined || /^(obj|lib)-objs$/.test(name)) continue;
    for (const word of wordsOf(value, variables)) {
      if (/[$%]/.test(word) || !/(\.o|\/)$/.test(word)) {
        skipped += word.endsWith('.o') || word.endsWith('/') ? 1 : 0;
        continue;
      }
      parts.set(of, [...(parts.get(of) ?? []), { word, symbols }]);
    }
  }
  const wanted: Wanted[] = [];
  const seen = new Set<string>();
  const take = (list: string, above: ReadonlySet<string>): void => {
    for (const { word, symbols } of parts.get(list) ?? []) {
      const all = new Set([...above, ...symbols]);
      const composed = word.replace(/\.o$/, '');
      if (word.endsWith('.o') && parts.has(composed) && composed !== list) {
        if (!seen.has(word)) take(composed, all);
        seen.add(word);
        continue;
      }
      wanted.push({ path: join(dirname(makefile), word), symbols: all, makefile });
    }
  };
  for (const list of ['obj', 'lib']) take(list, new Set());
  return { wanted, skipped };
}

/** What a source file may be called, for an object's name without its `.o`. */
const SOURCES = ['', '.c', '.S', '.rs', '.c_shipped', '.S_shipped', '.l', '.y'];

/**
 * What Makefiles ask for and a tree does not have. `has` knows the tree's files and directories. A
 * source that a rule of the same Makefile makes counts as there.
 */
export function missingIn(
  makefiles: ReadonlyMap<string, string>,
  has: (path: string) => boolean,
): { readonly missing: readonly Missing[]; readonly looked: number; readonly skipped: number } {
  const read = new Map<string, ReturnType<typeof wantedBy> & { readonly text: string }>();
  for (const [makefile, own] of makefiles) {
    const text = own.replaceAll(/^include \$\(src\)\/(\S+)$/gm, (_, name: string) => {
      return makefiles.get(join(dirname(makefile), name)) ?? '';
    });
    read.set(makefile, { text, ...wantedBy(makefile, text) });
  }
  const entered = new Set([...read.values()].flatMap(({ wanted }) => wanted.map(({ path }) => path)));
  const missing: Missing[] = [];
  let looked = 0;
  let skipped = 0;
  for (const [makefile, found] of read) {
    if (!isEntered(dirname(makefile), entered)) continue;
    skipped += found.skipped;
    for (const { path, symbols } of found.wanted) {
      looked += 1;
      if (isThere(path, makefile, found.text, has)) continue;
      missing.push({ path, symbols: [...symbols].toSorted(), makefile });
    }
  }
  return { missing, looked, skipped };
}

/** Makefiles of architectures are entered by ways of their own. */
function isEntered(directory: string, entered: ReadonlySet<string>): boolean {
  return !directory.includes('/') || directory.startsWith('arch/') || entered.has(`${directory}/`);
}

function isThere(path: string, makefile: string, text: string, has: (path: string) => boolean): boolean {
  if (path.endsWith('/')) return has(join(path, 'Makefile')) || has(join(path, 'Kbuild'));
  const stem = path.replace(/\.o$/, '');
  if (SOURCES.some((end) => has(`${stem}${end}`))) return true;
  // Device trees become objects by scripts/Makefile.lib.
  if (/\.dtbo?$/.test(stem)) return has(stem.replace(/\.dtb(o?)$/, '.dts$1'));
  const directory = dirname(makefile);
  const name = stem.slice(directory.length + 1);
  return text.includes(`$(obj)/${name}.`) || hasPattern(name, directory, text, has);
}

/**
 * Whether a pattern rule (`$(obj)/lib-%.o: $(srctree)/lib/%.c`) makes an object or its source from
 * what is there.
 */
function hasPattern(name: string, directory: string, text: string, has: (path: string) => boolean): boolean {
  for (const [, start = '', end = '', from = ''] of text.matchAll(
    /^\$\(obj\)\/(\S*)%(\S*?)\.[ocS]:\s+(\S+)/gm,
  )) {
    if (!name.startsWith(start) || !name.endsWith(end)) continue;
    const stem = name.slice(start.length, name.length - end.length);
    const source = from
      .replace('%', stem)
      .replace('$(srctree)/', '')
      .replace(/\$\((src|obj)\)/, directory);
    // What is made of an object or of a program is made of something that another line asks for.
    if (has(source) || !/\.(c|S|p[bgp]m)$/.test(source)) return true;
  }
  return false;
}
