/** What the Kconfig tests share: small trees in memory. */
import { parseKconfig } from '../src/kconfig/parse.ts';
import type { Demand } from '../src/kconfig/symbols.ts';
import type { MergedDemand } from '../src/kconfig/merge.ts';
import type { KconfigModel, KconfigSymbol } from '../src/kconfig/model.ts';

/** The model of some files; a text alone is the file `Kconfig`. */
export function modelOf(
  files: string | Readonly<Record<string, string>>,
  architecture = 'x86',
): KconfigModel {
  const tree = new Map(Object.entries(typeof files === 'string' ? { Kconfig: files } : files));
  return parseKconfig({ read: (path) => tree.get(path), architecture });
}

/** A symbol that has to be there. */
export function symbolIn(model: KconfigModel, name: string): KconfigSymbol {
  const symbol = model.symbols.find((each) => each.name === name);
  if (symbol === undefined) throw new Error(`no symbol ${name}`);
  return symbol;
}

/** Demands of one asker, merged: `A=y`, `NR=64`. */
export function askedBy(asker: string, ...words: readonly string[]): readonly MergedDemand[] {
  return words.map((word) => ({ ...demandOf(word), askedBy: [asker] }));
}

function demandOf(word: string): Demand {
  const [symbol = '', value = ''] = word.split('=');
  return { symbol, value };
}
