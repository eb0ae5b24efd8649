/** A profile: a system for a purpose, as a list of slices with their options and the bounds that it keeps. */
import type { Demand, KernelSymbols } from '../kconfig/symbols.ts';
import { definitionPlace } from './location.ts';
import type { SizeText } from './size.ts';
import type { OptionSetting, Slice } from './slice.ts';
import type { vm, VmTest } from './vm-test.ts';

export interface ProfileDefinition {
  readonly name: string;
  readonly summary: string;
  /** From the bottom of the image up, the kernel first. What they run with is added below the first that asks for it. */
  readonly slices: readonly Slice[];
  readonly options?: readonly OptionSetting[];
  /** What the profile asks of the kernel beyond its slices and the board. */
  kernel?(symbols: KernelSymbols): readonly Demand[];
  /** Words for the kernel's command line. */
  readonly commandLine?: string;
  tests?(tools: { readonly vm: typeof vm }): readonly VmTest[];
  readonly budget?: {
    /** Kernel, root file system and hash tree as they are sealed. `cocon build` writes no image that is over; `cocon test` fails. */
    readonly size?: SizeText;
    /** The kernel, the first of `slices`. A board raises it by what its own budget says. */
    readonly kernel?: SizeText;
    /** Time from the kernel's first line to the healthy mark, as a share of what Debian's cloud kernel and initrd take in the same run. */
    readonly bootRatio?: number;
  };
  /** Layers of the image at most; smaller ones share one beyond it. 100 if not given. */
  readonly layers?: number;
}

export interface Profile extends ProfileDefinition {
  readonly definedAt: string;
}

export function defineProfile(definition: ProfileDefinition): Profile {
  return { ...definition, definedAt: definitionPlace() };
}
