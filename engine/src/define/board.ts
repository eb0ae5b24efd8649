/** A board: a machine or a family of machines, and what their kernel must have. */
import type { Demand, KernelSymbols } from '../kconfig/symbols.ts';
import { definitionPlace } from './location.ts';
import type { SizeText } from './size.ts';
import type { Target } from './target.ts';

export interface BoardDefinition {
  readonly name: string;
  readonly summary: string;
  readonly target: Target;
  kernel(symbols: KernelSymbols): readonly Demand[];
  /** Words for the kernel's command line: the console, above all. */
  readonly commandLine: string;
  /** What its drivers may add to the profile's budgets of the kernel and of the whole, and which drivers those are. */
  readonly budget?: { readonly kernel: SizeText; readonly why: string };
}

export interface Board extends BoardDefinition {
  readonly definedAt: string;
}

export function defineBoard(definition: BoardDefinition): Board {
  return { ...definition, definedAt: definitionPlace() };
}
