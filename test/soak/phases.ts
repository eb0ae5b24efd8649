/** How far a cycle can be when the power goes, and which moments are worth how many cycles. */

/** In the order of a cycle. */
export const PHASES = [
  'recovering: firmware and loader',
  'recovering: kernel and user space',
  'staging',
  'shutting down',
  'updating: firmware and loader',
  'updating: kernel and user space',
  'running',
] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Out of twenty cycles, those whose power goes in a phase. By time alone nearly all would be cut while firmware or kernel
 * work, which write nothing; where the volume is written counts for more.
 */
export const CYCLES_OF_TWENTY: Readonly<Record<Phase, number>> = {
  'recovering: firmware and loader': 3,
  'recovering: kernel and user space': 4,
  staging: 5,
  'shutting down': 1,
  'updating: firmware and loader': 3,
  'updating: kernel and user space': 3,
  running: 1,
};
