/**
 * State, progress and reason of a slot (FORMAT.md §4.3, §4.5) as one sentence for people.
 *
 * Leaves out what the columns beside it say already: digest, version, priority.
 */
import { LIMITS, type ProgressName, type ReasonName, type SlotState } from '@cocon-os/sdfs';

/** What the sentence is made of. A progress or reason that this version does not know is a number as text. */
export interface SlotFacts {
  readonly state: SlotState;
  readonly running: boolean;
  readonly attemptsLeft: number;
  readonly attemptsTotal: number;
  /** Attempts that ended in an orderly shutdown; the first `FREE_SHUTDOWNS` are not charged. */
  readonly shutdowns: number;
  readonly wasConfirmed: boolean;
  readonly progress: ProgressName | (string & {});
  readonly reason: ReasonName | (string & {});
  readonly detail: string;
  /** The last line of the health check that failed; empty when there is none. */
  readonly output: string;
}

const REACHED: Readonly<Record<string, string>> = {
  none: 'it was never started',
  loader: 'the loader began to start it but the kernel did not run',
  kernel: 'the kernel was started but user space was never reached',
  init: 'user space was reached but the health checks were not',
  health: 'the health checks began but did not end',
  healthy: 'the health checks passed but it was never committed',
};

const RUNNING: Readonly<Record<string, string>> = {
  init: 'user space was reached',
  health: 'the health checks are under way',
  healthy: 'the health checks passed',
};

/** How an attempt ended of which nothing but its progress is known. */
const ENDED: Readonly<Record<string, string>> = {
  reset: ', then the machine was reset',
  'power-lost': ', then the power was lost',
};

/** Reasons that say what went wrong by themselves. `no-commit` is told by progress, `rollback` by who asked. */
const WENT_WRONG: Readonly<Record<string, string>> = {
  descriptor: 'the description of its files on the disk is damaged',
  signature: 'its release.json carries no valid signature of a trusted key',
  release: 'its release.json is signed but cannot be used on this machine',
  floor: 'its security version is below the floor',
  hash: 'a file on the disk is not what was signed',
  start: 'the firmware refused to start its kernel, or the kernel returned',
  'health-failed': 'a health check failed',
  'health-timeout': 'a health check did not end in time',
  io: 'the disk could not be read',
  memory: 'the machine had too little memory to start it',
};

/** The sentence, without a period. */
export function explainSlot(slot: SlotFacts): string {
  return EXPLAIN[slot.state](slot);
}

const EXPLAIN: Readonly<Record<SlotState, (slot: SlotFacts) => string>> = {
  empty: () => 'holds nothing',
  confirmed: ({ running }) => (running ? 'confirmed, and running' : 'confirmed, kept to fall back to'),
  trial: explainTrial,
  failed: explainFailure,
};

/** Why a release is in the failure list: "the kernel was started but user space was never reached". */
export function explainRefusal(
  failure: Pick<SlotFacts, 'progress' | 'reason' | 'detail' | 'output'>,
): string {
  const { progress, reason, detail } = failure;
  if (reason === 'rollback') return givenUpOnRequest(detail);
  return wrong(failure) ?? explainProgress(progress);
}

function explainProgress(progress: string): string {
  return REACHED[progress] ?? `it got as far as step "${progress}", which this version does not know`;
}

function explainTrial(slot: SlotFacts): string {
  const used = slot.attemptsTotal - slot.attemptsLeft;
  const shutDown = slot.reason === 'shutdown';
  if (slot.running && !shutDown) {
    const reached = RUNNING[slot.progress] ?? 'the kernel was started';
    return `attempt ${used} of ${slot.attemptsTotal} is running: ${wrong(slot) ?? reached}`;
  }
  const free = shutDown && slot.shutdowns <= LIMITS.FREE_SHUTDOWNS ? ', which is not charged' : '';
  const last = `${wrong(slot) ?? explainProgress(slot.progress)}${free}`;
  if (used === 0) {
    const staged = `staged, ${times(slot.attemptsTotal)} granted`;
    return slot.progress === 'none' ? `${staged}, not started yet` : `${staged}: ${last}`;
  }
  if (slot.attemptsLeft > 0) return `tried ${used} of ${slot.attemptsTotal} times so far: ${last}`;
  return `out of attempts after ${times(used)}: ${last}`;
}

function explainFailure(slot: SlotFacts): string {
  const used = slot.attemptsTotal - slot.attemptsLeft;
  const before = slot.wasConfirmed ? 'was confirmed once, but ' : '';
  const gaveUp = used === 0 || slot.wasConfirmed ? `${before}given up` : `gave up after ${times(used)}`;
  if (slot.reason === 'rollback') return `${before}${givenUpOnRequest(slot.detail)}`;
  if (slot.reason === 'none') return `${gaveUp}, no reason was noted`;
  return `${gaveUp}: ${wrong(slot) ?? explainProgress(slot.progress)}`;
}

function givenUpOnRequest(detail: string): string {
  return `given up on request${detail === '' ? '' : `: ${detail}`}`;
}

/** What went wrong, with what it refers to in parentheses. */
function wrong({
  progress,
  reason,
  detail,
  output,
  shutdowns,
}: Pick<SlotFacts, 'progress' | 'reason' | 'detail' | 'output'> & Partial<SlotFacts>): string | undefined {
  if (reason === 'none' || reason === 'no-commit') return undefined;
  if (reason === 'shutdown') return explainShutdown(progress, shutdowns);
  const ended = ENDED[reason];
  if (ended !== undefined) return `${explainProgress(progress)}${ended}`;
  const sentence = WENT_WRONG[reason] ?? `for a reason that this version does not know (${reason})`;
  const named = detail === '' ? sentence : `${sentence} (${detail})`;
  return output === '' ? named : `${named}, its last line was "${output}"`;
}

/** An attempt that nobody decided about: whoever restarts a device in good order has nothing against the release. */
export function explainShutdown(progress: string, shutdowns = 0): string {
  const undecided = progress === 'healthy' ? 'it was committed' : 'its health checks were done';
  const often = ['', ', once'][shutdowns] ?? `, ${shutdowns} times`;
  return `it was shut down or rebooted in good order before ${undecided}${often}`;
}

const times = (count: number): string => `${count} ${count === 1 ? 'attempt' : 'attempts'}`;
