/** Options of a slice: typed, documented switches that a profile may set. Their values are part of the slice's key. */

/** On or off. */
export interface FlagOption {
  readonly kind: 'flag';
  readonly default: boolean;
  /** One line, without a period. */
  readonly help: string;
}

/** One of several words. */
export interface ChoiceOption<Value extends string = string> {
  readonly kind: 'choice';
  readonly values: readonly Value[];
  readonly default: Value;
  readonly help: string;
}

/** Any text. */
export interface TextOption {
  readonly kind: 'text';
  readonly default: string;
  readonly help: string;
}

export type OptionSpec = FlagOption | ChoiceOption | TextOption;

/** The options of a slice, by name. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** The value that an option takes. */
export type OptionValue<Option extends OptionSpec> = Option extends FlagOption
  ? boolean
  : Option extends ChoiceOption<infer Value>
    ? Value
    : string;

/** The values that a table of options takes. */
export type OptionValues<Options extends OptionTable> = {
  readonly [Name in keyof Options]: OptionValue<Options[Name]>;
};

export function flag(byDefault: boolean, help: string): FlagOption {
  return { kind: 'flag', default: byDefault, help };
}

export function choice<const Value extends string>(
  values: readonly Value[],
  byDefault: NoInfer<Value>,
  help: string,
): ChoiceOption<Value> {
  return { kind: 'choice', values, default: byDefault, help };
}

export function text(byDefault: string, help: string): TextOption {
  return { kind: 'text', default: byDefault, help };
}

const KINDS: readonly unknown[] = ['flag', 'choice', 'text'];

/** Whether it is an option at all. */
export function isOption(value: unknown): value is OptionSpec {
  return KINDS.includes(Reflect.get(Object(value), 'kind'));
}

/** Whether an option takes a value. */
export function takesValue(option: OptionSpec, value: unknown): boolean {
  if (option.kind === 'flag') return typeof value === 'boolean';
  return typeof value === 'string' && (option.kind === 'text' || option.values.includes(value));
}

/** What it takes, for errors. */
export function wantedValue(option: OptionSpec): string {
  if (option.kind === 'flag') return 'true or false';
  return option.kind === 'text' ? 'a text' : option.values.map((each) => `"${each}"`).join(', ');
}
