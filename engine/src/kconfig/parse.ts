/**
 * Reads the Kconfig files of a source tree: menus and conditions are folded into each symbol, files are followed by
 * `source`, macros are expanded as far as no toolchain is asked.
 *
 * The grammar is that of Linux 6.12 (scripts/kconfig/lexer.l and parser.y), with `osource`, `rsource` and `orsource` as
 * other trees have them, and `transitional` of later kernels.
 */
import { posix } from 'node:path';

import { SlicesError } from '../errors.ts';
import { Lexer } from './lexer.ts';
import { Macros } from './macros.ts';
import { ModelBuilder } from './model-builder.ts';
import type { KconfigModel } from './model.ts';
import { TokenReader } from './parse-expression.ts';
import { isKeyword, readStatement } from './statements.ts';

/** What a reading needs. */
export interface KconfigInput {
  /** The text of a file by its path from the top of the tree, or `undefined` when there is none. */
  readonly read: (path: string) => string | undefined;
  /** `SRCARCH`. */
  readonly architecture: string;
  /** The first file; `Kconfig` unless said otherwise. */
  readonly top?: string;
  /** Variables beyond `SRCARCH`, `ARCH` (the same unless given) and `srctree`. All others are unknown. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Files read, with those that are read again. Linux has 1700. */
const MAX_FILES = 20_000;

const SOURCES: Readonly<Record<string, { readonly relative: boolean; readonly optional: boolean }>> = {
  source: { relative: false, optional: false },
  osource: { relative: false, optional: true },
  rsource: { relative: true, optional: false },
  orsource: { relative: true, optional: true },
};

/**
 * The model of all files that the first one leads to.
 *
 * @throws SlicesError `KCONFIG_INVALID` for what the language does not allow, `KCONFIG_NOT_FOUND` for a file that is missing;
 *   both with file and line
 */
export function parseKconfig(input: KconfigInput): KconfigModel {
  const { architecture, top = 'Kconfig' } = input;
  const environment = { SRCARCH: architecture, ARCH: architecture, srctree: '.', ...input.environment };
  const macros = new Macros(new Map(Object.entries(environment)));
  const builder = new ModelBuilder(architecture);
  const text = input.read(top);
  if (text === undefined) {
    throw new SlicesError('KCONFIG_NOT_FOUND', `Cannot read ${top}: there is no such file`, {
      hint: 'Give the top directory of a source tree that is configured by Kconfig.',
    });
  }
  let files = 1;
  const open = [new Lexer(top, text, macros, isKeyword)];
  for (let lexer = open.at(-1); lexer !== undefined; lexer = open.at(-1)) {
    const tokens = lexer.statement();
    if (tokens === undefined) {
      builder.endFile(lexer);
      open.pop();
      continue;
    }
    const [first, second, rest] = tokens;
    if (first === undefined) continue;
    if (rest?.kind === 'rest' && second !== undefined) {
      macros.assign(first.text, second.text, rest.text, lexer);
      continue;
    }
    const source = first.kind === 'word' ? SOURCES[first.text] : undefined;
    if (source === undefined) {
      readStatement(tokens, lexer, builder);
      continue;
    }
    const reader = new TokenReader(tokens, lexer, 1);
    const path = sourcePath(reader, lexer, source.relative);
    if (open.some(({ file }) => file === path)) {
      lexer.fail(`${path} includes itself: ${[...open.map(({ file }) => file), path].join(' > ')}`);
    }
    files += 1;
    if (files > MAX_FILES) lexer.fail(`the tree includes more than ${MAX_FILES} files`);
    const included = input.read(path);
    if (included !== undefined) open.push(new Lexer(path, included, macros, isKeyword));
    else if (!source.optional) {
      throw new SlicesError('KCONFIG_NOT_FOUND', `Cannot read ${path}: ${lexer.place} includes it`, {
        hint: 'The tree is not complete, or it has no such architecture.',
        facts: { file: lexer.file, line: lexer.line },
      });
    }
  }
  return builder.model();
}

function sourcePath(reader: TokenReader, lexer: Lexer, relative: boolean): string {
  const token = reader.next('the path of a file');
  if (token.kind === 'unknown') lexer.fail(`which file ${token.text} is depends on the toolchain`);
  if (token.kind !== 'text') lexer.fail('the path of a file has to be in quotes');
  reader.end();
  const path = posix.normalize(relative ? posix.join(posix.dirname(lexer.file), token.text) : token.text);
  if (path.startsWith('/') || path === '..' || path.startsWith('../')) {
    lexer.fail(`${token.text} is outside of the source tree`);
  }
  return path;
}
