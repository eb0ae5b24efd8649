/** What can happen to a device, and what each event does to it, done by the production code. */
import { isSdfsError, LIMITS, Volume, type SdfsErrorCode } from '@cocon-os/sdfs';
import type { BootOutcome } from '@cocon-os/native';

import type { LastBoot } from '../../cross/boot.ts';
import { BlocksDevice } from '../blocks-device.ts';
import type { Machine } from './machine.ts';
import { damaged, mayBoot, readState, type Damage, type Running, type State, type World } from './state.ts';

/** What the loader does. */
type BootEvent =
  | { readonly kind: 'boot' | 'boot read-only' | 'boot with failing writes' }
  /** The loader itself resets the machine or loses power after its first record. */
  | { readonly kind: 'boot that dies in the loader'; readonly lastBoot: LastBoot }
  | { readonly kind: 'boot refused by the firmware'; readonly slot: number };

/** What the updater does, on the device or, while it is off, from outside. */
type CommandEvent =
  | { readonly kind: 'stage'; readonly release: number; readonly force: boolean }
  | { readonly kind: 'commit' | 'rollback'; readonly slot: number }
  | { readonly kind: 'reach init' | 'healthy' | 'fail health' | 'shut down' | 'kexec' };

/** One thing that happens. */
export type StateEvent =
  | BootEvent
  | CommandEvent
  | { readonly kind: 'corrupt'; readonly slot: number; readonly damage: Damage }
  | { readonly kind: 'panic' | 'unplug' };

export type EventKind = StateEvent['kind'];

/** Each has to happen in a run. */
export const EVENT_KINDS = [
  'stage',
  'boot',
  'boot read-only',
  'boot with failing writes',
  'boot that dies in the loader',
  'boot refused by the firmware',
  'reach init',
  'healthy',
  'fail health',
  'shut down',
  'kexec',
  'panic',
  'unplug',
  'commit',
  'rollback',
  'corrupt',
] as const satisfies readonly EventKind[];

/** What an event led to. */
export interface Step {
  readonly event: StateEvent;
  readonly next: State;
  /** Of a boot; of one that dies in the loader, what it would have come to. */
  readonly outcome?: BootOutcome;
  /** Of what was refused. */
  readonly refused?: SdfsErrorCode;
}

/** The events that can happen in a state. At most one slot is damaged at a time. */
export function eventsIn(
  { record, running, damage }: State,
  { releases, damages, freeShutdowns }: World,
): readonly StateEvent[] {
  const slots = record.slots.filter(({ state }) => state !== 'empty');
  const failed = new Set(record.failures.map(({ releaseDigest }) => releaseDigest));
  const stages = releases.flatMap(({ signed }, release): readonly StateEvent[] => [
    { kind: 'stage', release, force: false },
    ...(failed.has(signed.digest) ? [{ kind: 'stage', release, force: true } as const] : []),
  ]);
  const of = (kind: 'commit' | 'rollback'): readonly StateEvent[] =>
    slots.map(({ index }) => ({ kind, slot: index }));
  if (running.phase === 'off') {
    const live = slots.filter(({ state }) => state === 'trial' || state === 'confirmed');
    const whole = damage.every((each) => each === undefined);
    return [
      { kind: 'boot' },
      { kind: 'boot read-only' },
      { kind: 'boot with failing writes' },
      { kind: 'boot that dies in the loader', lastBoot: 'reset' },
      { kind: 'boot that dies in the loader', lastBoot: 'power-lost' },
      ...live.map(({ index }): StateEvent => ({ kind: 'boot refused by the firmware', slot: index })),
      ...(whole
        ? slots
            .filter(mayBoot)
            .flatMap(({ index }) =>
              damages.map((each): StateEvent => ({ kind: 'corrupt', slot: index, damage: each })),
            )
        : []),
      ...stages,
      ...of('commit'),
      ...of('rollback'),
    ];
  }
  return [
    ...(running.phase === 'kernel' ? [{ kind: 'reach init' } as const] : []),
    ...(running.phase === 'init' ? [{ kind: 'healthy' } as const, { kind: 'fail health' } as const] : []),
    ...(freeShutdowns > 0 ? [{ kind: 'shut down' } as const, { kind: 'kexec' } as const] : []),
    { kind: 'panic' },
    { kind: 'unplug' },
    { kind: 'commit', slot: running.slot },
    ...stages,
    ...of('rollback'),
  ];
}

/** Does it. What a command refuses leaves the state as it was; anything thrown that is not an error of ours is thrown on. */
export function happen(state: State, event: StateEvent, machine: Machine, world: World): Step {
  const { running } = state;
  switch (event.kind) {
    case 'stage':
    case 'commit':
    case 'rollback':
    case 'reach init':
    case 'healthy':
    case 'fail health':
    case 'shut down':
    case 'kexec':
      return commanded(state, event, machine, world);
    case 'corrupt': {
      const slot = state.record.slots[event.slot];
      return { event, next: slot === undefined ? state : damaged(state, slot, event.damage) };
    }
    case 'panic':
      return { event, next: { ...state, running: { phase: 'off', lastBoot: 'reset' } } };
    case 'unplug':
      return { event, next: { ...state, running: { phase: 'off', lastBoot: 'power-lost' } } };
    case 'boot':
    case 'boot read-only':
    case 'boot with failing writes':
    case 'boot that dies in the loader':
    case 'boot refused by the firmware':
      if (running.phase !== 'off') throw new RangeError('a machine that runs cannot boot');
      return booted(state, event, machine, running.lastBoot);
  }
}

/** What the updater does, and what the machine does after it. */
function commanded(state: State, event: CommandEvent, machine: Machine, world: World): Step {
  const { running } = state;
  const runningSlot = running.phase === 'off' ? undefined : running.slot;
  const own = runningSlot ?? Number.NaN;
  const device = new BlocksDevice(state.blocks);
  const step = (action: (volume: Volume) => unknown, then: Running = running): Step => {
    let refused: SdfsErrorCode | undefined;
    try {
      action(Volume.open(device));
    } catch (thrown) {
      if (!isSdfsError(thrown)) throw thrown;
      refused = thrown.code;
    }
    const next = after(state, device, then);
    return { event, next, ...(refused !== undefined && { refused }) };
  };
  switch (event.kind) {
    case 'stage': {
      const release = world.releases[event.release];
      if (release === undefined) throw new RangeError(`no release ${event.release}`);
      return step((volume) => {
        machine.stage(volume, release, { runningSlot, force: event.force });
        useUpShutdowns(volume, world);
      });
    }
    case 'commit':
      return step((volume) => machine.commit(volume, event.slot));
    case 'rollback':
      return step((volume) => machine.rollback(volume, event.slot));
    case 'reach init':
      return step((volume) => machine.noteProgress(volume, own, { progress: 'init' }), {
        phase: 'init',
        slot: own,
      });
    case 'healthy':
      return step((volume) => machine.commit(volume, own), { phase: 'healthy', slot: own });
    case 'fail health': {
      const note = { progress: 'health', reason: 'health-failed', detail: 'check' } as const;
      return step((volume) => machine.noteProgress(volume, own, note), { phase: 'off', lastBoot: 'reset' });
    }
    case 'shut down':
      return step((volume) => machine.noteShutdown(volume, own), { phase: 'off', lastBoot: 'power-lost' });
    case 'kexec':
      // The same release once more, and no loader in between.
      return step((volume) => machine.noteShutdown(volume, own), { phase: 'kernel', slot: own });
  }
}

/** So many shutdowns are free on a device that a walk to the end of them would never end: what was just staged has used up most. */
function useUpShutdowns(volume: Volume, { freeShutdowns }: World): void {
  const staged = volume.record.slots.toSorted((a, b) => (a.generation < b.generation ? 1 : -1))[0];
  if (staged === undefined) return;
  const shutdowns = LIMITS.FREE_SHUTDOWNS - freeShutdowns;
  volume.write((draft) => draft.setSlot(staged.index, { shutdowns }), { writer: 'updater', time: 0 });
}

/** What the loader does, and what it starts. */
function booted(state: State, event: BootEvent, machine: Machine, lastBoot: LastBoot): Step {
  const device = new BlocksDevice(state.blocks);
  device.failing = event.kind === 'boot with failing writes';
  const outcome = machine.boot(device, {
    writable: event.kind !== 'boot read-only',
    refused: event.kind === 'boot refused by the firmware' ? [event.slot] : [],
    lastBoot,
  });
  if (event.kind === 'boot that dies in the loader') {
    const off: Running = { phase: 'off', lastBoot: event.lastBoot };
    const { atFirstFlush } = device;
    const cut = atFirstFlush && new BlocksDevice(atFirstFlush);
    const next = cut === undefined ? { ...state, running: off } : readState(cut, off, state);
    return { event, next, outcome };
  }
  const { started } = outcome;
  // With nothing to start, a machine waits in its firmware until someone switches it off.
  const next: Running =
    started === undefined
      ? { phase: 'off', lastBoot: 'power-lost' }
      : { phase: 'kernel', slot: started.slot };
  return { event, next: after(state, device, next), outcome };
}

/** The state after an event; what was not written to is not read again. */
function after(before: State, device: BlocksDevice, running: Running): State {
  return device.written.size === 0 ? { ...before, running } : readState(device, running, before);
}

/** The event as a line of a trace. */
export function eventText(event: StateEvent): string {
  const { kind, ...rest } = event;
  return [kind, ...Object.entries(rest).map(([name, value]) => `${name} ${value}`)].join(' ');
}
