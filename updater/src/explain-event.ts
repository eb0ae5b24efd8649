/** Events of a volume's history as sentences for people. */
import { LIMITS, type HistoryEvent } from '@cocon-os/sdfs';

import { explainShutdown, explainSlot } from './explain.ts';

const DIGEST_SHOWN = 12;

const REACHED: Readonly<Record<string, string>> = {
  kernel: 'the kernel was started',
  init: 'user space was reached',
  health: 'the health checks began',
  healthy: 'the health checks passed',
  loader: 'the kernel could not be started',
};

/** The sentence, without a period. */
export function explainEvent(event: HistoryEvent): string {
  return EXPLAIN[event.kind](event, event.digest?.slice(0, DIGEST_SHOWN) ?? '');
}

type Explain = (event: HistoryEvent, digest: string) => string;

const EXPLAIN: Readonly<Record<HistoryEvent['kind'], Explain>> = {
  formatted: () => 'the volume was made',
  'records-lost': () => 'records before this one are lost',
  emptied: () => 'emptied to be filled anew',
  staged: ({ attemptsTotal }, digest) =>
    `release ${digest} was staged, ${attemptsTotal} ${attemptsTotal === 1 ? 'attempt' : 'attempts'} granted`,
  attempt: ({ attemptsLeft, attemptsTotal }, digest) =>
    `attempt ${attemptsTotal - attemptsLeft} of ${attemptsTotal} of release ${digest} began`,
  'power-lost': (_, digest) =>
    `the power was lost while release ${digest} was tried: the attempt is given back`,
  shutdown: ({ progress, shutdowns }, digest) =>
    `release ${digest}: ${explainShutdown(progress)}, ${shutdowns <= LIMITS.FREE_SHUTDOWNS ? 'which is not charged' : 'which is charged from now on'}`,
  progress: ({ progress, reason, detail, output }) => {
    const reached = REACHED[progress] ?? `step "${progress}" was reached`;
    const printed = output === '' ? '' : `, its last line was "${output}"`;
    return reason === 'none'
      ? reached
      : `${reached}, then: ${reason}${detail === '' ? '' : ` (${detail})`}${printed}`;
  },
  confirmed: (_, digest) => `release ${digest} was confirmed`,
  failed: explainEnd,
  rollback: explainEnd,
  'floor-raised': ({ floor }) => `the security floor rose to ${floor}`,
};

function explainEnd(event: HistoryEvent, digest: string): string {
  return `release ${digest}: ${explainSlot({ ...event, state: 'failed', running: false, wasConfirmed: false })}`;
}
