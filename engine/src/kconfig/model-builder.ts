/** Puts a {@link KconfigModel} together while files are read: what is open, and what is inherited from it. */
import type { Expression } from './expression.ts';
import type { Lexer } from './lexer.ts';
import type {
  Choice,
  Condition,
  Default,
  Definition,
  KconfigModel,
  KconfigSymbol,
  Prompt,
  Range,
  Reference,
  SymbolType,
} from './model.ts';

/** Menus, ifs and choices in each other. The deepest of Linux is 10. */
const MAX_BLOCKS = 100;

export type BlockKind = 'menu' | 'if' | 'choice';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A definition that can still grow. Its conditions are shared with its block until it adds its own. */
export interface OpenDefinition extends Writable<
  Omit<Definition, 'prompts' | 'defaults' | 'selects' | 'implies' | 'ranges'>
> {
  readonly prompts: Prompt[];
  readonly defaults: Default[];
  readonly selects: Reference[];
  readonly implies: Reference[];
  readonly ranges: Range[];
}

interface OpenSymbol {
  readonly name: string;
  type: SymbolType;
  readonly definitions: OpenDefinition[];
}

interface OpenChoice extends Writable<Omit<Choice, 'defaults' | 'members'>> {
  readonly defaults: Reference[];
  readonly members: string[];
}

interface Block {
  readonly kind: BlockKind;
  readonly at: string;
  /** The file's lexer: a block ends in the file in which it begins. */
  readonly lexer: Lexer;
  readonly menus: readonly string[];
  dependsOn: readonly Condition[];
  visibleIf: readonly Condition[];
  readonly choice?: number;
}

/** What the options that follow belong to. */
export type Entry =
  | { readonly kind: 'symbol'; readonly symbol: OpenSymbol; readonly definition: OpenDefinition }
  | { readonly kind: 'choice'; readonly choice: OpenChoice; readonly block: Block }
  | { readonly kind: 'menu'; readonly block: Block }
  | { readonly kind: 'comment' }
  | { readonly kind: 'none' };

/** See the file's comment. */
export class ModelBuilder {
  entry: Entry = { kind: 'none' };
  readonly #architecture: string;
  readonly #symbols = new Map<string, OpenSymbol>();
  readonly #choices: OpenChoice[] = [];
  readonly #blocks: Block[] = [];
  #modules: string | undefined;

  constructor(architecture: string) {
    this.#architecture = architecture;
  }

  /** `config` or `menuconfig`. */
  config(name: string, lexer: Lexer): void {
    const block = this.#blocks.at(-1);
    const definition: OpenDefinition = {
      at: lexer.place,
      menus: block?.menus ?? [],
      dependsOn: block?.dependsOn ?? [],
      prompts: [],
      defaults: [],
      selects: [],
      implies: [],
      ranges: [],
    };
    const symbol = this.#symbols.get(name) ?? { name, type: 'unknown', definitions: [] };
    if (symbol.definitions.length === 0) this.#symbols.set(name, symbol);
    symbol.definitions.push(definition);
    const choice = block?.choice;
    if (choice !== undefined) {
      definition.choice = choice;
      const members = this.#choices[choice]?.members;
      if (members?.includes(name) === false) members.push(name);
    }
    this.entry = { kind: 'symbol', symbol, definition };
  }

  menu(title: string, lexer: Lexer): void {
    this.entry = { kind: 'menu', block: this.#open('menu', lexer, title) };
  }

  choice(lexer: Lexer): void {
    const choice: OpenChoice = { at: lexer.place, prompt: '', dependsOn: [], defaults: [], members: [] };
    this.#choices.push(choice);
    this.entry = { kind: 'choice', choice, block: this.#open('choice', lexer) };
  }

  condition(expression: Expression, lexer: Lexer): void {
    const block = this.#open('if', lexer);
    block.dependsOn = [...block.dependsOn, { expression, at: lexer.place }];
    this.entry = { kind: 'none' };
  }

  /** `endmenu`, `endif` or `endchoice`. */
  end(kind: BlockKind, lexer: Lexer): void {
    const block = this.#blocks.at(-1);
    if (block?.kind !== kind) {
      lexer.fail(
        block === undefined
          ? `end${kind} ends nothing`
          : `end${kind} stands in a block that ${block.at} begins with ${block.kind}`,
      );
    } else if (block.lexer !== lexer) {
      lexer.fail(`end${kind} ends what ${block.at} begins in another file`);
    }
    if (block?.choice !== undefined && kind === 'choice') this.#closeChoice(block.choice, lexer);
    this.#blocks.pop();
    this.entry = { kind: 'none' };
  }

  /** A block that a file begins must have ended in it. */
  endFile(lexer: Lexer): void {
    const block = this.#blocks.at(-1);
    if (block?.lexer === lexer) {
      lexer.fail(`the file ends, but the ${block.kind} that ${block.at} begins does not`);
    }
    this.entry = { kind: 'none' };
  }

  /** `depends on` of whatever is open. */
  depends(expression: Expression, lexer: Lexer): void {
    const condition = { expression, at: lexer.place };
    switch (this.entry.kind) {
      case 'symbol':
        this.entry.definition.dependsOn = [...this.entry.definition.dependsOn, condition];
        break;
      case 'choice':
      case 'menu':
        this.entry.block.dependsOn = [...this.entry.block.dependsOn, condition];
        break;
      case 'comment':
        break;
      case 'none':
        lexer.fail('"depends on" belongs to nothing');
    }
  }

  /** `visible if` of a menu. */
  visible(expression: Expression, lexer: Lexer): void {
    if (this.entry.kind !== 'menu') return lexer.fail('"visible if" belongs to no menu');
    this.entry.block.visibleIf = [...this.entry.block.visibleIf, { expression, at: lexer.place }];
  }

  prompt(text: string, when: Expression | undefined, lexer: Lexer): void {
    const { entry } = this;
    if (entry.kind === 'choice') {
      // Its condition says when the question is asked; the kernel does not hand it on to the members.
      entry.choice.prompt = text;
    } else if (entry.kind === 'symbol') {
      const around = this.#blocks.at(-1)?.visibleIf ?? [];
      const own = when === undefined ? [] : [{ expression: when, at: lexer.place }];
      entry.definition.prompts.push({ text, visibleIf: [...around, ...own], at: lexer.place });
    } else {
      lexer.fail('a prompt belongs to a symbol or a choice');
    }
  }

  /** The first type holds; the kernel warns of another one and ignores it. */
  type(type: SymbolType, lexer: Lexer): void {
    const { entry } = this;
    if (entry.kind === 'choice' && type === 'bool') return;
    if (entry.kind !== 'symbol') return lexer.fail(`the type ${type} belongs to no symbol`);
    if (entry.symbol.type === 'unknown') entry.symbol.type = type;
  }

  /** The symbol that the line is about. */
  definition(lexer: Lexer, option: string): OpenDefinition {
    return this.entry.kind === 'symbol'
      ? this.entry.definition
      : lexer.fail(`"${option}" belongs to no symbol`);
  }

  modules(lexer: Lexer): void {
    if (this.entry.kind !== 'symbol') return lexer.fail('"modules" belongs to no symbol');
    if (this.#modules !== undefined) lexer.fail(`${this.#modules} is the symbol for modules already`);
    this.#modules = this.entry.symbol.name;
  }

  model(): KconfigModel {
    const symbols: readonly KconfigSymbol[] = [...this.#symbols.values()];
    const modules = this.#modules === undefined ? {} : { modules: this.#modules };
    return { architecture: this.#architecture, symbols, choices: this.#choices, ...modules };
  }

  #open(kind: BlockKind, lexer: Lexer, title?: string): Block {
    if (this.#blocks.length >= MAX_BLOCKS) lexer.fail(`more than ${MAX_BLOCKS} menus and ifs are open`);
    const around = this.#blocks.at(-1);
    const choice = kind === 'choice' ? this.#choices.length - 1 : around?.choice;
    const block: Block = {
      kind,
      at: lexer.place,
      lexer,
      menus: title === undefined ? (around?.menus ?? []) : [...(around?.menus ?? []), title],
      dependsOn: around?.dependsOn ?? [],
      visibleIf: around?.visibleIf ?? [],
      ...(choice === undefined ? {} : { choice }),
    };
    this.#blocks.push(block);
    return block;
  }

  #closeChoice(index: number, lexer: Lexer): void {
    const choice = this.#choices[index];
    const block = this.#blocks.at(-1);
    if (choice === undefined || block === undefined) return;
    if (choice.prompt === '') lexer.fail(`the choice at ${choice.at} has no prompt`);
    choice.dependsOn = block.dependsOn;
  }
}
