/** What a proof has found, added up, and as text. */
import type { Job, JobResult } from './jobs.ts';
import type { CanaryResult } from './prove-canaries.ts';
import type { StateReport } from './states/explore.ts';
import { addTally, emptyTally, holesIn, type Counts, type Tally } from './tally.ts';
import { LAWS } from './violation.ts';

export interface ProofReport {
  readonly cuts: Tally;
  readonly worlds: readonly StateReport[];
  readonly canaries: readonly CanaryResult[];
  /** What was not looked at, or not noticed; the proof holds when there is none. */
  readonly holes: readonly string[];
}

/** Adds the results of all jobs up; they are in the order of the jobs. */
export function reportOf(jobs: readonly Job[], results: readonly (JobResult | undefined)[]): ProofReport {
  const cuts = emptyTally();
  const worlds: StateReport[] = [];
  const canaries: CanaryResult[] = [];
  for (const each of results) {
    if (each?.kind === 'cuts') addTally(cuts, each.tally);
    if (each?.kind === 'states') worlds.push(each.report);
    if (each?.kind === 'canary') canaries.push(each.result);
  }
  const holes = [
    ...jobs.flatMap((job, index) =>
      results[index]?.kind === job.kind ? [] : [`nothing came of a job: ${JSON.stringify(job)}`],
    ),
    ...(results.some((each) => each?.kind === 'cuts')
      ? holesIn(cuts).map((hole) => `nothing was checked for ${hole}`)
      : []),
    ...worlds.flatMap(holesOfWorld),
    ...canaries
      .filter(({ caughtBy, law }) => caughtBy !== law)
      .map(({ name, caughtBy, law }) =>
        caughtBy === undefined
          ? `the planted fault was not noticed: ${name}`
          : `the planted fault was noticed by law ${caughtBy}, not by law ${law}: ${name}`,
      ),
  ];
  return { cuts, worlds, canaries, holes };
}

function holesOfWorld(world: StateReport): readonly string[] {
  const name = worldName(world);
  const zeros = (counts: Counts): readonly string[] =>
    Object.entries(counts)
      .filter(([, count]) => count === 0)
      .map(([each]) => each);
  const { trialsEnded, staysUp } = world;
  return [
    ...zeros(world.events)
      .filter((kind) => kind !== 'corrupt' || world.damages.length > 0)
      .filter((kind) => (kind !== 'shut down' && kind !== 'kexec') || world.freeShutdowns > 0)
      .map((kind) => `"${kind}" never happened with ${name}`),
    ...zeros(world.laws).map((law) => `law ${law} was never checked with ${name}`),
    ...zeros({ 'a trial that ends': trialsEnded, 'a healthy device that stays up': staysUp }).map(
      (end) => `${end} was never met with ${name}`,
    ),
  ];
}

function worldName({ slots, attempts, freeShutdowns, releases, damages }: StateReport): string {
  const attempt = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  const damage = damages.length === 0 ? 'nothing damaged' : `${damages.join(' or ')} damaged`;
  const shutdowns = freeShutdowns === 0 ? '' : `, ${freeShutdowns} free shutdowns`;
  return `${slots} slots, ${attempt}${shutdowns}, ${releases} releases, ${damage}`;
}

/** For people. */
export function reportText({ cuts, worlds, canaries }: ProofReport): string {
  const perLaw = (counts: Counts): Counts =>
    Object.fromEntries(
      Object.entries(LAWS).flatMap(([number, name]) => {
        const value = counts[number];
        return value === undefined ? [] : [[`${number}: ${name}`, value] as const];
      }),
    );
  return [
    ...(cuts.states === 0
      ? []
      : [
          `${grouped(cuts.states)} distinct disks left by cuts, each read by both readers and booted: no law broken\n`,
          table('Checks by law', perLaw(cuts.laws)),
          table('Disks by operation', cuts.operations),
          table('Disks by volume', cuts.geometries),
          table('Cuts by kind', cuts.cuts),
          table('Besides', cuts.more),
        ]),
    ...worlds.map((world) =>
      [
        `\n${grouped(world.states)} states and ${grouped(world.transitions)} transitions of the slot protocol: ${worldName(world)}: no law broken\n`,
        table('Transitions by event', world.events),
        table('Checks by law', perLaw(world.laws)),
        table('In the end', {
          'from here, every trial ends': world.trialsEnded,
          'from here, what is healthy stays up': world.staysUp,
        }),
      ].join(''),
    ),
    canaries.length === 0 ? '' : '\nPlanted faults\n',
    ...canaries.map(({ name, caughtBy }) =>
      caughtBy === undefined ? `  NOT NOTICED  ${name}\n` : `  law ${String(caughtBy).padEnd(2)}  ${name}\n`,
    ),
  ].join('');
}

function grouped(value: number): string {
  return value.toLocaleString('en');
}

function table(title: string, counts: Counts): string {
  const rows = Object.entries(counts).map(([name, value]) => `  ${grouped(value).padStart(11)}  ${name}\n`);
  return `\n${title}\n${rows.join('')}`;
}
