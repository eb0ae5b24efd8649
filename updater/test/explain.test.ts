import { PROGRESS, REASONS } from '@cocon-os/sdfs';
import { describe, expect, test } from 'vitest';

import { explainSlot, type SlotFacts } from '../src/explain.ts';

const failed = (wish: Partial<SlotFacts>): SlotFacts => ({
  state: 'failed',
  running: false,
  attemptsLeft: 0,
  attemptsTotal: 3,
  shutdowns: 0,
  wasConfirmed: false,
  progress: 'kernel',
  reason: 'no-commit',
  detail: '',
  output: '',
  ...wish,
});

const trial = (wish: Partial<SlotFacts>) => explainSlot(failed({ state: 'trial', reason: 'none', ...wish }));

describe('explainSlot()', () => {
  test('tells in words how far a release got that nobody committed', () => {
    expect(PROGRESS.map((progress) => explainSlot(failed({ progress })))).toMatchInlineSnapshot(`
      [
        "gave up after 3 attempts: it was never started",
        "gave up after 3 attempts: the loader began to start it but the kernel did not run",
        "gave up after 3 attempts: the kernel was started but user space was never reached",
        "gave up after 3 attempts: user space was reached but the health checks were not",
        "gave up after 3 attempts: the health checks began but did not end",
        "gave up after 3 attempts: the health checks passed but it was never committed",
      ]
    `);
  });

  test('tells in words why a release was given up', () => {
    expect(REASONS.map((reason) => explainSlot(failed({ reason, progress: 'health' }))))
      .toMatchInlineSnapshot(`
        [
          "gave up after 3 attempts, no reason was noted",
          "gave up after 3 attempts: the health checks began but did not end",
          "gave up after 3 attempts: the description of its files on the disk is damaged",
          "gave up after 3 attempts: its release.json carries no valid signature of a trusted key",
          "gave up after 3 attempts: its release.json is signed but cannot be used on this machine",
          "gave up after 3 attempts: its security version is below the floor",
          "gave up after 3 attempts: a file on the disk is not what was signed",
          "gave up after 3 attempts: the firmware refused to start its kernel, or the kernel returned",
          "gave up after 3 attempts: a health check failed",
          "gave up after 3 attempts: a health check did not end in time",
          "given up on request",
          "gave up after 3 attempts: the disk could not be read",
          "gave up after 3 attempts: the health checks began but did not end, then the machine was reset",
          "gave up after 3 attempts: the health checks began but did not end, then the power was lost",
          "gave up after 3 attempts: the machine had too little memory to start it",
          "gave up after 3 attempts: it was shut down or rebooted in good order before its health checks were done",
        ]
      `);
  });

  test('names what the reason refers to', () => {
    expect(
      explainSlot(failed({ reason: 'health-failed', progress: 'health', detail: '10-network: exit 1' })),
    ).toBe('gave up after 3 attempts: a health check failed (10-network: exit 1)');
    expect(
      explainSlot(failed({ reason: 'health-failed', detail: '10-network: exit 1', output: 'no address' })),
    ).toBe(
      'gave up after 3 attempts: a health check failed (10-network: exit 1), its last line was "no address"',
    );
    expect(explainSlot(failed({ reason: 'hash', detail: 'kernel', wasConfirmed: true }))).toBe(
      'was confirmed once, but given up: a file on the disk is not what was signed (kernel)',
    );
    expect(explainSlot(failed({ reason: 'rollback', attemptsLeft: 2, detail: 'too loud' }))).toBe(
      'given up on request: too loud',
    );
  });

  test('tells where a trial stands', () => {
    expect([
      trial({ attemptsLeft: 3, progress: 'none' }),
      trial({ attemptsLeft: 2, running: true }),
      trial({ attemptsLeft: 2, running: true, progress: 'init' }),
      trial({ attemptsLeft: 1 }),
      trial({
        attemptsLeft: 1,
        progress: 'health',
        reason: 'health-timeout',
        detail: 'x: timed out after 60 s',
      }),
      trial({ attemptsLeft: 0, attemptsTotal: 1 }),
      trial({ attemptsLeft: 3, progress: 'health', reason: 'shutdown', shutdowns: 1 }),
      trial({ attemptsLeft: 2, progress: 'init', reason: 'shutdown', shutdowns: 3, running: true }),
      trial({ attemptsLeft: 1, progress: 'healthy', reason: 'shutdown', shutdowns: 18 }),
    ]).toMatchInlineSnapshot(`
      [
        "staged, 3 attempts granted, not started yet",
        "attempt 1 of 3 is running: the kernel was started",
        "attempt 1 of 3 is running: user space was reached",
        "tried 2 of 3 times so far: the kernel was started but user space was never reached",
        "tried 2 of 3 times so far: a health check did not end in time (x: timed out after 60 s)",
        "out of attempts after 1 attempt: the kernel was started but user space was never reached",
        "staged, 3 attempts granted: it was shut down or rebooted in good order before its health checks were done, once, which is not charged",
        "tried 1 of 3 times so far: it was shut down or rebooted in good order before its health checks were done, 3 times, which is not charged",
        "tried 2 of 3 times so far: it was shut down or rebooted in good order before it was committed, 18 times",
      ]
    `);
  });

  test('admits what it does not know', () => {
    expect(explainSlot(failed({ progress: '9' }))).toMatch('step "9"');
    expect(explainSlot(failed({ reason: '99' }))).toMatch('(99)');
  });

  test('has a sentence without a period for each state, progress and reason', () => {
    for (const state of ['empty', 'trial', 'confirmed', 'failed'] as const) {
      for (const progress of PROGRESS) {
        for (const reason of REASONS) {
          for (const running of [true, false]) {
            expect(explainSlot(failed({ state, progress, reason, running }))).toMatch(/^[a-z].*[a-z)]$/);
          }
        }
      }
    }
  });
});
