/**
 * What can happen to a device, as values with a text form: `stage new`, `boot refuse 1`, `corrupt 0 kernel`.
 *
 * An event names releases by their part ("a new one", "the one in slot 1"), never by their number, so that the same text means
 * the same thing in all states that are equal but for the names of their releases, and a trace can be played back.
 */
import type { Damage } from './state-space-disk.ts';

/** Which release is staged: one never seen, one that failed and lies in no slot, or that of a slot. */
export type Which = 'new' | 'failed' | { readonly slot: number };

/** What goes wrong with a boot: the disk takes no writes, or fails at each, or the loader dies after its first record. */
export type BootFault = 'none' | 'read-only' | 'failing-writes' | 'dies-in-loader';

/** One thing that happens. */
export type StateEvent =
  | { readonly kind: 'stage'; readonly which: Which; readonly version: number; readonly force: boolean }
  | { readonly kind: 'boot'; readonly fault: BootFault; readonly refused: number | undefined }
  | { readonly kind: 'off' | 'init' | 'health' | 'fail-health' | 'health-timeout' }
  | { readonly kind: 'commit' | 'rollback'; readonly slot: number }
  | { readonly kind: 'corrupt'; readonly slot: number; readonly damage: Exclude<Damage, 'none'> };

/** The event as a line of a trace. */
export function eventText(event: StateEvent): string {
  switch (event.kind) {
    case 'stage': {
      const which = typeof event.which === 'string' ? event.which : `slot ${event.which.slot}`;
      return `stage ${which} v${event.version}${event.force ? ' force' : ''}`;
    }
    case 'boot': {
      const refused = event.refused === undefined ? '' : ` refuse ${event.refused}`;
      return `boot${event.fault === 'none' ? '' : ` ${event.fault}`}${refused}`;
    }
    case 'commit':
    case 'rollback':
      return `${event.kind} ${event.slot}`;
    case 'corrupt':
      return `corrupt ${event.slot} ${event.damage}`;
    default:
      return event.kind;
  }
}
