import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { parseMessage, QmpFraming } from '../src/qmp-protocol.ts';

const LINES = [
  '{"QMP": {"version": {}, "capabilities": ["oob"]}}',
  '{"return": {}, "id": 0}',
  '{"timestamp": {"seconds": 12, "microseconds": 500000}, "event": "RESET", "data": {"guest": true}}',
  '{"return": {"status": "läuft", "running": true}, "id": 1}',
  '{"id": 2, "error": {"class": "GenericError", "desc": "No such device"}}',
];

describe('QmpFraming.push()', () => {
  const stream = new TextEncoder().encode(LINES.map((line) => `${line}\r\n`).join(''));

  property.prop([fc.array(fc.nat({ max: stream.length }))])(
    'gives the same messages wherever the bytes are cut',
    (cuts) => {
      const framing = new QmpFraming();
      const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const messages = edges.flatMap((edge, index) =>
        framing.push(stream.subarray(edge, edges[index + 1] ?? stream.length)),
      );
      expect(messages).toEqual(LINES.map(parseMessage));
    },
  );
});

describe('parseMessage()', () => {
  test('reads events with their time', () => {
    expect(parseMessage(LINES[2] ?? '')).toEqual({
      kind: 'event',
      event: { event: 'RESET', data: { guest: true }, time: 12.5 },
    });
  });

  test('reads errors with their class', () => {
    expect(parseMessage(LINES[4] ?? '')).toEqual({
      kind: 'error',
      id: 2,
      errorClass: 'GenericError',
      description: 'No such device',
    });
  });

  test.each(['[]', '1', '{}', '{', '{"id": 1}'])('refuses %s', (line) => {
    expect(() => parseMessage(line)).toThrow(SyntaxError);
  });
});
