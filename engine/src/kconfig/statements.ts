/** What each statement of a Kconfig file does to the model. */
import type { Lexer, Token } from './lexer.ts';
import type { ModelBuilder } from './model-builder.ts';
import type { SymbolType } from './model.ts';
import { TokenReader } from './parse-expression.ts';

type Statement = (reader: TokenReader, lexer: Lexer, builder: ModelBuilder) => void;

function typed(type: SymbolType): Statement {
  return (reader, lexer, builder) => {
    builder.type(type, lexer);
    if (!reader.atEnd) builder.prompt(reader.title(), reader.condition(), lexer);
  };
}

function defaulted(type?: SymbolType): Statement {
  return (reader, lexer, builder) => {
    const value = reader.expression();
    const when = reader.condition();
    const condition = when === undefined ? {} : { when };
    const { entry } = builder;
    if (entry.kind === 'choice') {
      if (value.kind !== 'symbol') return lexer.fail('the default of a choice has to be a symbol');
      entry.choice.defaults.push({ symbol: value.name, ...condition, at: lexer.place });
      return;
    }
    if (type !== undefined) builder.type(type, lexer);
    builder.definition(lexer, 'default').defaults.push({ value, ...condition, at: lexer.place });
  };
}

function referring(option: 'selects' | 'implies'): Statement {
  return (reader, lexer, builder) => {
    const symbol = reader.name();
    const when = reader.condition();
    builder.definition(lexer, option === 'selects' ? 'select' : 'imply')[option].push({
      symbol,
      ...(when === undefined ? {} : { when }),
      at: lexer.place,
    });
  };
}

const config: Statement = (reader, lexer, builder) => builder.config(reader.name(), lexer);

const STATEMENTS: Readonly<Record<string, Statement>> = {
  mainmenu: (reader) => void reader.title(),
  config,
  menuconfig: config,
  menu: (reader, lexer, builder) => builder.menu(reader.title(), lexer),
  choice: (_, lexer, builder) => builder.choice(lexer),
  if: (reader, lexer, builder) => builder.condition(reader.expression(), lexer),
  endmenu: (_, lexer, builder) => builder.end('menu', lexer),
  endchoice: (_, lexer, builder) => builder.end('choice', lexer),
  endif: (_, lexer, builder) => builder.end('if', lexer),
  comment: (reader, _, builder) => {
    reader.title();
    builder.entry = { kind: 'comment' };
  },
  bool: typed('bool'),
  tristate: typed('tristate'),
  int: typed('int'),
  hex: typed('hex'),
  string: typed('string'),
  def_bool: defaulted('bool'),
  def_tristate: defaulted('tristate'),
  default: defaulted(),
  prompt: (reader, lexer, builder) => builder.prompt(reader.title(), reader.condition(), lexer),
  select: referring('selects'),
  imply: referring('implies'),
  range: (reader, lexer, builder) => {
    const [low, high] = [reader.operand(), reader.operand()];
    const when = reader.condition();
    const condition = when === undefined ? {} : { when };
    builder.definition(lexer, 'range').ranges.push({ low, high, ...condition, at: lexer.place });
  },
  depends: (reader, lexer, builder) => {
    if (!reader.takes('on')) lexer.fail('"depends" is not followed by "on"');
    builder.depends(reader.expression(), lexer);
  },
  visible: (reader, lexer, builder) => {
    const condition = reader.condition();
    if (condition === undefined) return lexer.fail('"visible" is not followed by "if"');
    builder.visible(condition, lexer);
  },
  modules: (_, lexer, builder) => builder.modules(lexer),
  transitional: (_, lexer, builder) => {
    builder.definition(lexer, 'transitional').transitional = true;
  },
  help: (_, lexer, builder) => {
    const { entry } = builder;
    const text = lexer.help();
    if (entry.kind === 'symbol') entry.definition.help = text;
    else if (entry.kind === 'choice') entry.choice.help = text;
    else lexer.fail('"help" belongs to no symbol');
  },
};

const FOLLOWED = new Set(['on', 'source', 'osource', 'rsource', 'orsource']);

/** Whether a word begins a statement, so that it names no variable. */
export function isKeyword(word: string): boolean {
  return Object.hasOwn(STATEMENTS, word) || FOLLOWED.has(word);
}

/** @throws SlicesError `KCONFIG_INVALID` */
export function readStatement(tokens: readonly Token[], lexer: Lexer, builder: ModelBuilder): void {
  const reader = new TokenReader(tokens, lexer, 1);
  const [first] = tokens;
  const statement =
    first?.kind === 'word' && Object.hasOwn(STATEMENTS, first.text) ? STATEMENTS[first.text] : undefined;
  if (statement === undefined) return lexer.fail(`no statement begins with ${first?.text ?? 'nothing'}`);
  statement(reader, lexer, builder);
  reader.end();
}
