/** Random archives, read by us and by each judge; every difference has its rule, or the run ends. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CoconError } from '@cocon-os/cli';
import { makeScratch } from '@cocon-os/qemu';

import { seededRandom } from '../../prove/random.ts';
import { differenceOfTrees, differenceToGo } from './compare.ts';
import { randomArchive, type Archive } from './generate.ts';
import { buildGoJudge, goReadings } from './go-judge.ts';
import { ourReading, type OurReading } from './ours.ts';
import { JUDGES, ruleFor, type Judge } from './rules.ts';
import { gnuTar, umoci } from './tree-judges.ts';

/** How far, and where to. */
export interface DifferentialOptions {
  /** Archives; number `n` is made from the seed `seed + n`. */
  readonly runs: number;
  /** Infinity for as long as it takes. */
  readonly seconds: number;
  readonly seed: number;
  /** Where an archive goes whose difference no rule explains. */
  readonly found: string;
  /** Of so many archives one is unpacked by GNU tar and by umoci, which take a thousand times as long as Go. */
  readonly unpackedOneOf?: number;
  /** Is called with the number of archives so far. */
  readonly progress?: (done: number) => void;
}

/** What was compared with a judge. */
export interface Tally {
  /** Archives that were shown to it. */
  compared: number;
  /** Of these, so many that both took, with the same outcome. */
  same: number;
  /** Refused by both. */
  refused: number;
  /** Differences by the name of their rule. */
  readonly rules: Map<string, number>;
}

/** By judge. */
export type DifferentialSummary = ReadonlyMap<Judge, Tally>;

/** Archives that are read at a time. */
const BATCH = 200;
/** After so many that no rule explains, the first of them are worth a look. */
const ENOUGH = 20;

/** Compares. Throws `FUZZ_FAILED` when no rule explains a difference. */
export async function compareTars(options: DifferentialOptions): Promise<DifferentialSummary> {
  const { runs, seconds, seed, unpackedOneOf = 1, progress = () => {} } = options;
  using scratch = makeScratch('tar-judges');
  const program = buildGoJudge(scratch.path);
  const summary = new Map<Judge, Tally>(
    JUDGES.map((judge) => [judge, { compared: 0, same: 0, refused: 0, rules: new Map() }]),
  );
  const finds: string[] = [];
  const until = Date.now() + seconds * 1000;
  for (let done = 0; done < runs && Date.now() < until && finds.length < ENOUGH; done += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, runs - done) }, (_, index) => seed + done + index);
    const archives = seeds.map((each) => randomArchive(seededRandom(each)));
    const readings: OurReading[] = [];
    for (const archive of archives) readings.push(await ourReading(archive));
    const take = (judge: Judge, index: number, difference: string | undefined): void => {
      const [archive, ours, number] = [archives[index], readings[index], seeds[index]];
      if (archive === undefined || ours === undefined) throw new Error('a batch has lost an archive');
      const find = count(summary, judge, { archive, ours, difference });
      if (find !== undefined)
        finds.push(kept(archive, `${number}, ${judge}: ${find}`, options.found, number));
    };
    for (const [index, reading] of goReadings(program, archives).entries()) {
      take('go', index, differenceToGo(archives[index], readings[index], reading));
    }
    for (const [judge, unpack] of [
      ['gnu', gnuTar],
      ['umoci', umoci],
    ] as const) {
      const shown = archives.flatMap((archive, index) =>
        (done + index) % unpackedOneOf === 0 ? [{ archive, index }] : [],
      );
      const trees = unpack(
        shown.map(({ archive }) => archive),
        scratch.file(judge),
      );
      for (const [at, { index }] of shown.entries()) {
        take(judge, index, differenceOfTrees(readings[index], trees[at]));
      }
    }
    progress(done + archives.length);
  }
  if (finds.length === 0) return summary;
  throw new CoconError(
    'FUZZ_FAILED',
    `No rule explains what is made of these archives:\n${finds.join('\n')}`,
    {
      hint: `They are in ${options.found}. Mend the reader, or add a rule to test/fuzz/tar/rules.ts.`,
    },
  );
}

function kept(archive: Archive, find: string, found: string, seed: number | undefined): string {
  mkdirSync(found, { recursive: true });
  writeFileSync(join(found, `tar-${seed}.tar`), archive.bytes);
  return `${find} (${[...archive.traits].join(', ') || 'nothing odd'})`;
}

interface Compared {
  readonly archive: Archive;
  readonly ours: OurReading;
  readonly difference: string | undefined;
}

/** Adds one comparison; gives the difference if no rule explains it. */
function count(
  summary: DifferentialSummary,
  judge: Judge,
  { archive, ours, difference }: Compared,
): string | undefined {
  const tally = summary.get(judge);
  if (tally === undefined) throw new Error(`${judge} is no judge`);
  tally.compared += 1;
  if (difference === undefined) {
    const refused = judge === 'go' ? ours.error : ours.treeError;
    if (refused === undefined) tally.same += 1;
    else tally.refused += 1;
    return undefined;
  }
  const rule = ruleFor(judge, { archive, ours, difference });
  if (rule === undefined) return difference;
  tally.rules.set(rule.name, (tally.rules.get(rule.name) ?? 0) + 1);
  return undefined;
}

/** The figures as text, a line for each judge and for each rule. */
export function describeSummary(summary: DifferentialSummary): string {
  const number = (value: number): string => value.toLocaleString('en').padStart(8);
  const lines = [...summary].flatMap(([judge, { compared, same, refused, rules }]) => {
    const explained = [...rules.values()].reduce((sum, each) => sum + each, 0);
    return [
      `tar, ${judge.padEnd(6)}${number(compared)} archives: ${number(same)} read alike, ` +
        `${number(refused)} refused by both, ${number(explained)} differ by a rule`,
      ...[...rules].toSorted(([, a], [, b]) => b - a).map(([name, times]) => `  ${number(times)}  ${name}`),
    ];
  });
  return `${lines.join('\n')}\n`;
}
