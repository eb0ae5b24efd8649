/** What is wrong with a part of a definition. */

/** A part of a slice's definition that names what cannot be named so. */
export interface RecipeFault {
  /** `build.inputs`, `outputs.dev`. */
  readonly field: string;
  readonly why: string;
  readonly hint: string;
}

export function faultOf(
  field: string,
  what: string,
  why: string | undefined,
  hint: string,
): RecipeFault | undefined {
  return why === undefined ? undefined : { field, why: `${what}: ${why}`, hint };
}

export function firstFault(faults: readonly (RecipeFault | undefined)[]): RecipeFault | undefined {
  return faults.find((fault) => fault !== undefined);
}

/** With control characters written out. */
export function quoted(name: string): string {
  return JSON.stringify(name);
}
