import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { packLayers, shareLayer, type ShipLayer } from '../src/image/pack-layers.ts';
import { membersOfEntries, type GivenEntry, type Member } from '../src/layer/members.ts';
import { codeOf } from './support.ts';

const layer = (name: string, sizeBytes: number): ShipLayer => ({ digest: name, sizeBytes, comment: name });
const names = (layers: readonly ShipLayer[]): string => layers.map(({ comment }) => comment).join(' ');

describe('packLayers()', () => {
  test('gives each slice a layer of its own while the budget lasts', () => {
    const layers = [layer('kernel', 9), layer('a', 1), layer('b', 2)];
    expect(packLayers(layers, 3)).toEqual({ alone: layers, shared: [] });
  });

  test('keeps the kernel at the bottom and the biggest alone; the rest share one', () => {
    const sizes = { kernel: 1, small: 2, big: 90, tiny: 1, medium: 50, same: 2 };
    const layers = Object.entries(sizes).map(([name, size]) => layer(name, size));
    const { alone, shared } = packLayers(layers, 4);
    expect([names(alone), names(shared)]).toEqual(['kernel big medium', 'small tiny same']);
    expect(codeOf(() => packLayers(layers, 2))).toBe('SLICE_INVALID');
  });

  test('never goes over the budget and never loses a layer', () => {
    const sizes = fc.array(fc.nat(100), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 3, max: 20 }), (all, budget) => {
        const layers = all.map((size, index) => layer(`l${index}`, size));
        const { alone, shared } = packLayers(layers, budget);
        expect(alone.length + Math.min(1, shared.length)).toBeLessThanOrEqual(budget);
        expect(new Set([...alone, ...shared])).toEqual(new Set(layers));
        expect(alone[0]).toBe(layers[0]);
      }),
    );
  });
});

/** What a root file system shows: the topmost of each path. */
function merged(layers: readonly (readonly Member[])[]): ReadonlyMap<string, string> {
  return new Map(layers.flat().map((member) => [member.path, JSON.stringify(member)]));
}

describe('shareLayer()', () => {
  test('shows the same files as the layers one upon the other', () => {
    const entry = fc.record({
      path: fc.constantFrom('a', 'b', 'c', 'd'),
      mode: fc.constantFrom(0o644, 0o755),
      contents: fc.constantFrom('1', '2', '3'),
    });
    const layers = fc.array(fc.tuple(fc.array(entry), fc.boolean()), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(layers, (all) => {
        const given = all.map(([entries, shared]) => ({
          members: membersOfEntries(entries.map((each): GivenEntry => ({ type: 'file', ...each }))),
          shared,
        }));
        const alone = given.filter(({ shared }) => !shared).map(({ members }) => members);
        expect(merged([...alone, shareLayer(given)])).toEqual(merged(given.map(({ members }) => members)));
      }),
    );
  });

  test('makes a link a file again when its file is not in the layer any more', () => {
    const file: Member['what'] = { type: 'file', size: 1, read: () => Promise.resolve(Buffer.from('x')) };
    const plain = { mode: 0o644, uid: 0, gid: 0 };
    const low: Member[] = [
      { ...plain, path: 'a', what: file },
      { ...plain, path: 'b', what: { type: 'link', target: 'a' } },
    ];
    const over: Member[] = [{ ...plain, path: 'a', what: { type: 'symlink', target: 'c' } }];
    const both = shareLayer([
      { members: low, shared: true },
      { members: over, shared: false },
    ]);
    expect(both).toEqual([{ ...plain, path: 'b', what: file }]);
    expect(shareLayer([{ members: low, shared: true }])).toEqual(low);
  });
});
