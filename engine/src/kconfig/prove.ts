/**
 * Proves a finished `.config`: it holds every demand, and is what slices were told about it.
 *
 * Kconfig drops without a word what it cannot satisfy: a symbol that was renamed, or one whose dependency is off. So nothing is
 * believed until this has read the result.
 */
import { SlicesError } from '../errors.ts';
import { readDotConfig, sameValue } from './dot-config.ts';
import { Explainer } from './explain.ts';
import type { MergedDemand } from './merge.ts';
import type { KconfigModel } from './model.ts';
import type { LostDemand } from './reasons.ts';
import { explanation, lostText, wantedSymbols } from './why-text.ts';

/** What a slice was told by `kernel.has()` before there was a configuration. */
export interface Fact {
  readonly symbol: string;
  /** Whether it was told that the symbol is on. */
  readonly value: boolean;
  /** Who was told. */
  readonly readBy: string;
}

/**
 * Proves that a `.config` holds every demand. With the model of the kernel's Kconfig files, the error says what each lost
 * demand lacks, and who asks for what stands in its way; it is read only when there is something to explain.
 *
 * @throws SlicesError `KERNEL_DEMAND_LOST`, which names each symbol, what became of it and who asked
 */
export function proveDemands(
  config: string,
  demands: readonly MergedDemand[],
  model?: () => KconfigModel,
): void {
  const values = readDotConfig(config);
  const missing = demands.filter(({ symbol, value }) => !sameValue(values.get(symbol) ?? 'n', value));
  if (missing.length === 0) return;
  const lost: readonly LostDemand[] =
    model === undefined
      ? missing.map(({ symbol, value: wanted, askedBy }) => ({
          symbol,
          wanted,
          askedBy,
          found: values.get(symbol),
          reasons: [],
        }))
      : new Explainer(model(), config, demands).lost();
  throw new SlicesError(
    'KERNEL_DEMAND_LOST',
    `Cannot configure the kernel: ${lost.length} of ${demands.length} demands are not met\n${block(lost.map(lostText))}`,
    { hint: hintFor(lost, model !== undefined), facts: { lost: lost.map(({ symbol }) => symbol).join(' ') } },
  );
}

/**
 * Proves that a `.config` is what slices were told. The answers came from the demands, so they are wrong where Kconfig
 * switched something on that nobody asked for.
 *
 * @throws SlicesError `KERNEL_FACT_WRONG`, which names each reader, what it was told, what is so and why
 */
export function proveFacts(
  config: string,
  facts: readonly Fact[],
  demands: readonly MergedDemand[],
  model?: () => KconfigModel,
): void {
  const values = readDotConfig(config);
  const isOn = (symbol: string): boolean => (values.get(symbol) ?? 'n') !== 'n';
  // A name that .config does not hold may be off or misspelt; only the model knows.
  if (facts.every(({ symbol, value }) => values.has(symbol) && isOn(symbol) === value)) return;
  const explainer = model === undefined ? undefined : new Explainer(model(), config, demands);
  const wrong = facts
    .map((fact) => ({ ...fact, on: isOn(fact.symbol), why: explainer?.why(fact.symbol) }))
    .filter(({ value, on, why }) => on !== value || why?.type === 'undefined');
  if (wrong.length === 0) return;
  const rows = wrong.map(({ symbol, value, readBy, on, why }) => {
    const outcome = why?.type === 'undefined' ? 'this kernel has no such symbol' : `it is ${shown(on)}`;
    const lines = why === undefined ? [] : explanation(why);
    return [`${readBy} was told that ${symbol} is ${shown(value)}, but ${outcome}`, ...lines].join('\n');
  });
  const misspelt = wrong.find(({ why }) => why?.type === 'undefined');
  const names = wrong.map(({ symbol }) => symbol);
  throw new SlicesError(
    'KERNEL_FACT_WRONG',
    `Cannot build for this kernel: ${wrong.length} of ${facts.length} facts that slices read are not so\n${block(rows)}`,
    {
      hint:
        misspelt === undefined
          ? `Let the reader demand what it relies on: k.${names[0] ?? ''} or k.${names[0] ?? ''}.off(). Then the configuration has to hold it.`
          : `Correct the name ${misspelt.symbol} in ${misspelt.readBy}.`,
      facts: { wrong: names.join(' ') },
    },
  );
}

/** Names in a hint. */
const MOST_NAMES = 10;

function hintFor(lost: readonly LostDemand[], explained: boolean): string {
  const wanted = [...new Set(lost.flatMap(({ reasons }) => wantedSymbols(reasons)))];
  if (wanted.length > 0) return `Demand ${wanted.slice(0, MOST_NAMES).join(', ')} as well, or do without.`;
  return explained
    ? 'Change the demand, or the one that stands in its way.'
    : 'Look the symbol up in the Kconfig files of this version: it may have a dependency that nobody asks for, or another name.';
}

function block(texts: readonly string[]): string {
  return texts.map((text) => text.replaceAll(/^/gm, '  ')).join('\n');
}

function shown(on: boolean): string {
  return on ? 'on' : 'off';
}
