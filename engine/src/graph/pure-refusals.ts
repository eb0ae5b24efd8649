/** What is refused to a definition, and the way out of each. */

export interface Refusal {
  /** Completes "it". */
  readonly does: string;
  readonly hint: string;
}

const ARGUMENTS =
  'A definition depends on its arguments alone: give it an option, and set that in the profile.';

export const CLOCK: Refusal = {
  does: 'reads the clock',
  hint: 'Pin the time as a value; the steps of a build find that of all builds in SOURCE_DATE_EPOCH.',
};
export const CHANCE: Refusal = { does: 'reads chance', hint: 'Pin the value.' };
export const ENVIRONMENT: Refusal = { does: 'reads the environment', hint: ARGUMENTS };
export const PROCESS: Refusal = { does: 'reads what this process is', hint: ARGUMENTS };
export const MACHINE: Refusal = {
  does: 'reads what this machine is',
  hint: 'The argument target says what is built for; nothing may depend on the machine that builds.',
};
export const DIRECTORY: Refusal = {
  does: 'reads the current directory',
  hint: 'Begin paths with import.meta.dirname, the directory of the definition.',
};
export const ELSEWHERE: Refusal = {
  does: 'reads a file outside of its project',
  hint: 'Keep it beside the definition, or name it as a pinned source.',
};
export const WRITING: Refusal = {
  does: 'writes files',
  hint: 'Give them as entries of its recipe, or let a step of the build write them.',
};
export const PROGRAM: Refusal = { does: 'starts a program', hint: 'Run it in a step of the build.' };
export const ENDING: Refusal = {
  does: 'ends this process',
  hint: 'Throw an error that says what is wrong with its arguments.',
};
export const LATER: Refusal = {
  does: 'puts something off until later',
  hint: 'What it gives counts when it returns: compute it at once.',
};
export const THREAD: Refusal = { does: 'starts a thread', hint: 'Compute it at once.' };
export const NETWORK: Refusal = {
  does: 'reads the network',
  hint: 'Name what it wants as its source: debianSource, urlSource or gitSource, each with its pin.',
};
export const ZONE: Refusal = {
  does: "reads this machine's time zone",
  hint: 'Take UTC: toISOString(), Date.UTC(), getUTCHours() and their like; or name a time zone.',
};
export const LANGUAGE: Refusal = {
  does: "reads this machine's language",
  hint: "Name a locale, such as 'en', or compare with < and >.",
};
