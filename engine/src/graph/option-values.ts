/** The values of a slice's options: its defaults, and over them what a profile and an image set. */
import { takesValue, wantedValue, type OptionSpec } from '../define/options.ts';
import { sliceInvalid, type OptionSetting, type Slice } from '../define/slice.ts';

/** Values by name. Throws `SLICE_INVALID` for a name that is no option and for a value that its option does not take. */
export function optionValues(
  slice: Slice,
  settings: readonly OptionSetting[],
): Readonly<Record<string, boolean | string>> {
  const table = slice.options ?? {};
  const values: Record<string, boolean | string> = {};
  for (const [name, option] of Object.entries(table)) values[name] = option.default;
  for (const setting of settings) {
    if (setting.slice !== slice) continue;
    for (const [name, value] of Object.entries(setting.values)) {
      if (value === undefined) continue;
      const option = table[name];
      const place = `options.${name}`;
      if (option === undefined) {
        throw sliceInvalid(slice, place, 'there is no such option', `It has ${namesOf(table)}.`);
      }
      if (!takesValue(option, value)) {
        throw sliceInvalid(
          slice,
          place,
          `it does not take ${JSON.stringify(value)}`,
          `It takes ${wantedValue(option)}.`,
        );
      }
      values[name] = value;
    }
  }
  return values;
}

function namesOf(table: Readonly<Record<string, OptionSpec>>): string {
  return Object.keys(table).toSorted().join(', ') || 'none';
}
