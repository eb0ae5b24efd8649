/**
 * The generated declaration of the kernel's symbols: one member each, with what an editor shows beside its name.
 *
 * The file is made on each machine and never committed: it holds the kernel's help texts, which are GPL-2.0-only.
 */
import { textOf } from './expression.ts';
import type { KconfigModel, KconfigSymbol, SymbolType } from './model.ts';

const HANDLES: Readonly<Record<Exclude<SymbolType, 'unknown'>, string>> = {
  bool: 'BoolSymbol',
  tristate: 'TristateSymbol',
  int: 'NumberSymbol',
  hex: 'HexSymbol',
  string: 'StringSymbol',
};

const HELP_LENGTH = 600;
const CONDITION_LENGTH = 300;

interface Member {
  readonly symbol: KconfigSymbol;
  readonly architectures: readonly string[];
  readonly type: Exclude<SymbolType, 'unknown'>;
}

/**
 * The file's text: the union over the models of several architectures. A symbol that is `bool` on one and `tristate` on
 * another is taken as `bool`, for a module cannot be asked for on both.
 */
export function kernelTypes(models: readonly KconfigModel[], key: string): string {
  const members = [...union(models).values()].toSorted((a, b) => (a.symbol.name < b.symbol.name ? -1 : 1));
  const every = models.length;
  const render = (wanted: (type: SymbolType) => boolean): string =>
    members
      .filter(({ type }) => wanted(type))
      .map((member) => memberText(member, every))
      .join('');
  return `// ${key}
// Made by scripts/kernel-types.ts from the Kconfig files of Linux, whose texts are GPL-2.0-only. Do not commit it.
import type { ${Object.values(HANDLES).join(', ')} } from '@cocon-os/engine/kernel-symbols';

declare module '@cocon-os/engine/kernel-symbols' {
  interface KernelSwitches {
${render(isSwitch)}  }

  interface KernelSymbols {
${render((type) => !isSwitch(type))}  }
}
`;
}

function union(models: readonly KconfigModel[]): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>();
  for (const { architecture, symbols } of models) {
    for (const symbol of symbols) {
      const { name, type } = symbol;
      if (type === 'unknown') continue;
      const known = members.get(name);
      members.set(name, {
        symbol: known?.symbol ?? symbol,
        architectures: [...(known?.architectures ?? []), architecture],
        type: known === undefined || (known.type === 'tristate' && type === 'bool') ? type : known.type,
      });
    }
  }
  return members;
}

function isSwitch(type: SymbolType): boolean {
  return type === 'bool' || type === 'tristate';
}

function memberText({ symbol, architectures, type }: Member, every: number): string {
  const { name, definitions } = symbol;
  const [first] = definitions;
  const main = definitions.find(({ prompts }) => prompts.length > 0) ?? first;
  const prompt = main?.prompts[0]?.text ?? 'No prompt: other symbols select it, or it has a default.';
  const help = definitions.find((definition) => definition.help !== undefined)?.help ?? '';
  const conditions = (main?.dependsOn ?? []).map(({ expression }) =>
    expression.kind === 'or' ? `(${textOf(expression)})` : textOf(expression),
  );
  const where = [...(main?.menus ?? []), main?.at ?? ''].join(' > ');
  const only = architectures.length === every ? '' : ` (only ${architectures.join(', ')})`;
  const paragraphs = [
    prompt,
    shortened(help.replaceAll(/\n(?!\n)[ \t]*/g, '\n'), HELP_LENGTH),
    conditions.length === 0
      ? ''
      : `Depends on ${shortened([...new Set(conditions)].join(' && '), CONDITION_LENGTH)}`,
    where + only,
  ].filter((text) => text !== '');
  const lines = paragraphs.join('\n\n').split('\n').map(commentLine);
  const key = /^\d/.test(name) ? `'${name}'` : name;
  return `    /**\n${lines.join('')}     */\n    ${key}: ${HANDLES[type]};\n`;
}

/** A line that neither ends the comment nor begins a tag. */
function commentLine(text: string): string {
  const safe = text.replaceAll('*/', '*\u{2215}').replace(/^\s*@/, String.raw`\@`);
  return safe === '' ? '     *\n' : `     * ${safe}\n`;
}

/** Cut at the end of a paragraph, a sentence or a word. */
function shortened(text: string, length: number): string {
  if (text.length <= length) return text.trim();
  const head = text.slice(0, length);
  const paragraph = head.lastIndexOf('\n\n');
  if (paragraph > length / 2) return head.slice(0, paragraph);
  const sentence = Math.max(head.lastIndexOf('. '), head.lastIndexOf('.\n'));
  if (sentence > length / 2) return head.slice(0, sentence + 1);
  return `${head.slice(0, head.search(/\s\S*$/))} …`;
}
