/** Reasons as lines of text: one statement a line, what it hangs on below it and indented. */
import type { LostDemand, Missing, Need, Reason, Why } from './reasons.ts';

const INDENT = '  ';

/** The answer to "why CONFIG_X?", without a line break at the end. */
export function whyText(why: Why): string {
  const kind = why.prompt === undefined ? why.type : `${why.type} "${why.prompt}"`;
  const place = why.at.length === 0 ? '' : `, ${why.at.join(', ')}`;
  const head = `${why.symbol}=${why.value}  (${kind}${place})`;
  const first = why.type === 'undefined' ? `${why.symbol}  (no symbol of this kernel)` : head;
  return [first, ...explanation(why)].join('\n');
}

/** Only the reasons of it, indented. */
export function explanation({ reasons }: Pick<Why, 'reasons'>): readonly string[] {
  // That there is no such symbol stands in the line above.
  return indented(
    reasons.flatMap((each) => (each.kind === 'undefined' ? nearLines(each.near) : reasonLines(each))),
  );
}

/** A lost demand, what became of it, who asked and why. */
export function lostText(lost: LostDemand): string {
  const { symbol, wanted, askedBy, found, reasons } = lost;
  const value = found === undefined || found === 'n' ? 'it is off' : `it is ${found}`;
  const outcome = reasons[0]?.kind === 'undefined' ? 'this kernel has no such symbol' : value;
  const head = `${symbol}=${wanted}, asked for by ${askedBy.join(', ')}: ${outcome}`;
  return [head, ...explanation(lost)].join('\n');
}

/** Symbols that would open the way if somebody asked for them: the ends of all chains. */
export function wantedSymbols(reasons: readonly Reason[]): readonly string[] {
  const found = new Set<string>();
  const visit = (needs: readonly Need[]): void => {
    for (const { missing } of needs) {
      for (const { symbol, because } of missing) {
        for (const reason of because) {
          if (reason.kind === 'unasked' && symbol !== undefined) found.add(symbol);
          if (reason.kind === 'unmet' || reason.kind === 'hidden') visit(reason.needs);
        }
      }
    }
  };
  for (const reason of reasons) if (reason.kind === 'unmet' || reason.kind === 'hidden') visit(reason.needs);
  return [...found];
}

function reasonLines(reason: Reason): readonly string[] {
  switch (reason.kind) {
    case 'asked':
      return [askedText(reason.by.join(', '), reason.value)];
    case 'selected':
    case 'implied':
      return [chain(reason)];
    case 'default':
      return [`by default ${reason.value}${suffix(reason.when)} (${reason.at})`];
    case 'chosen':
      return [`chosen in "${reason.prompt}" (${reason.at})`];
    case 'undefined':
      return ['this kernel has no such symbol', ...nearLines(reason.near)];
    case 'unmet':
      return reason.needs.flatMap((need) => needLines('depends on', need));
    case 'unasked':
      return ['nobody asks for it'];
    case 'lost':
      return [`asked for by ${reason.by.join(', ')}, in vain`];
    case 'promptless':
      return promptless(reason.selectors, reason.defaults);
    case 'hidden':
      return reason.needs.flatMap((need) => needLines('its prompt is shown only if', need));
    case 'displaced':
      return [
        `the choice "${reason.prompt}" (${reason.at}) is ${reason.by}${
          reason.because?.kind === 'asked' ? `, asked for by ${reason.because.by.join(', ')}` : ''
        }`,
      ];
    case 'range':
      return [`its range is ${reason.low} to ${reason.high} (${reason.at})`];
    case 'type':
      return [`it is of type ${reason.type}, which has no such value`];
    case 'no-modules':
      return [`modules are off${reason.symbol === undefined ? '' : `: ${reason.symbol} is not on`}`];
    case 'toolchain':
      return [`the toolchain decides ${reason.macros.join(' and ')}`];
    case 'unexplained':
      return ['the Kconfig files give no reason'];
  }
}

function askedText(by: string, value: string): string {
  if (value === 'n') return `${by} wants it off`;
  return `asked for${value === 'm' ? ' as a module' : ''} by ${by}`;
}

/** `selected by B (…) <- selected by A (…) <- asked for by base-files`. */
function chain(reason: Reason): string {
  const links: string[] = [];
  let at: Reason | undefined = reason;
  while (at?.kind === 'selected' || at?.kind === 'implied') {
    links.push(`${at.kind} by ${at.by}${suffix(at.when)} (${at.at})`);
    at = at.because;
  }
  if (at !== undefined) links.push(...reasonLines(at));
  return links.join(' <- ');
}

function needLines(verb: string, need: Need): readonly string[] {
  const head = `${verb} ${need.text} (${need.at})`;
  const [only] = need.missing;
  if (only === undefined) return [head];
  if (need.missing.length === 1) {
    const { clause, more } = stateOf(only);
    const own = only.text === need.text ? clause : `${only.text}: ${clause}`;
    return [`${head}, ${own}`, ...indented(more)];
  }
  const parts = need.missing.flatMap((missing) => {
    const { clause, more } = stateOf(missing);
    return [`${missing.text}, ${clause}`, ...indented(more)];
  });
  const mode = need.parts === 'any' ? 'none of which holds' : 'which does not hold';
  return [`${head}, ${mode}`, ...indented(parts)];
}

/** What is said of a missing part in the same line, and what below it. */
function stateOf(missing: Missing): { readonly clause: string; readonly more: readonly string[] } {
  const { because, symbol = 'it', text, value } = missing;
  const [reason, ...others] = because;
  if (reason?.kind === 'unasked') return { clause: 'which nobody asks for', more: linesOf(others) };
  if (reason?.kind === 'lost') {
    return { clause: `which ${reason.by.join(', ')} asks for in vain`, more: linesOf(others) };
  }
  if (reason?.kind === 'undefined') {
    return { clause: 'which this kernel does not have', more: nearLines(reason.near) };
  }
  if (reason?.kind === 'asked') {
    const by = reason.by.join(', ');
    if (reason.value === 'n') return { clause: `which ${by} wants off`, more: [] };
    return { clause: `but ${symbol} is ${shown(reason.value)}, asked for by ${by}`, more: [] };
  }
  if (value === undefined) return { clause: 'which never holds', more: linesOf(because) };
  const clause = text === symbol ? `which is ${shown(value)}` : `but ${symbol} is ${shown(value)}`;
  return { clause, more: linesOf(because) };
}

function linesOf(reasons: readonly Reason[]): readonly string[] {
  return reasons.flatMap(reasonLines);
}

function promptless(selectors: readonly string[], defaults: readonly string[]): readonly string[] {
  const lines = ['it has no prompt, so nobody can ask for it'];
  if (selectors.length > 0) lines.push(`selected by ${selectors.join(', or by ')}`);
  if (defaults.length > 0) lines.push(`by default ${defaults.join(', else ')}`);
  return lines;
}

function nearLines(near: readonly string[]): readonly string[] {
  return near.length === 0 ? [] : [`near to it: ${near.join(', ')}`];
}

function suffix(when: string | undefined): string {
  return when === undefined ? '' : ` if ${when}`;
}

function shown(value: string): string {
  if (value === 'n') return 'off';
  return value === 'y' ? 'on' : value;
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => INDENT + line);
}
