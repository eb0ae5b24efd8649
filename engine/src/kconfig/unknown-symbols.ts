/** The error for symbols that a kernel does not have, with what was meant where that can be told. */
import { SlicesError } from '../errors.ts';
import type { Explainer } from './explain.ts';
import type { Why } from './reasons.ts';

/** Throws `NAME_UNKNOWN` when there is none of some symbol among the answers of `explainer`. */
export function refuseUnknown(answers: readonly Why[], explainer: Explainer): void {
  const [name, ...others] = answers.filter(isUnknown).map(({ symbol }) => symbol);
  if (name === undefined) return;
  const meant = [name, ...others].flatMap((each) => nearTo(each, explainer));
  throw new SlicesError(
    'NAME_UNKNOWN',
    `Cannot say why: this kernel has no symbol ${[name, ...others].join(', nor ')}`,
    {
      hint:
        meant.length > 0
          ? `Did you mean ${[...new Set(meant)].join(' or ')}?`
          : 'cocon kernel config prints those that it has, for this board.',
      facts: { kind: 'symbol', name },
    },
  );
}

function isUnknown({ type }: Why): boolean {
  return type === 'undefined';
}

/** Names of symbols are in capitals, whoever writes them otherwise. */
function nearTo(name: string, explainer: Explainer): readonly string[] {
  const near = nearNamesOf(explainer.why(name));
  if (near.length > 0) return near;
  const capital = explainer.why(name.toUpperCase());
  return isUnknown(capital) ? nearNamesOf(capital) : [capital.symbol];
}

function nearNamesOf({ reasons }: Why): readonly string[] {
  return reasons.flatMap((reason) => (reason.kind === 'undefined' ? reason.near : []));
}
