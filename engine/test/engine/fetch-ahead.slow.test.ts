/** `buildGraph()` when Debian's archive has gone on without what is pinned. */
import { afterEach, expect, test, vi } from 'vitest';

import { cacheDirectoryAt } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import type { BuildEvent } from '../../src/engine/events.ts';
import { buildProgress } from '../../src/engine/progress.ts';
import type { GraphNode } from '../../src/graph/graph.ts';
import { record } from '../../../cli/test/record.ts';
import { loopbackMirror, packageOf, sourceOf, status, whole } from '../loopback-mirror.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { fileNode, graphOf, stepsNode } from './support.ts';

afterEach(() => void vi.unstubAllEnvs());

function nodeOf(name: string, changes: Partial<GraphNode> = {}): GraphNode {
  const { package: source, version, upstream } = sourceOf(name);
  return stepsNode(name, ['true'], {
    packages: ['tool'],
    outputs: { dev: [''] },
    source: { kind: 'debian', package: source, version, files: [upstream], patched: false, exclude: [] },
    ...changes,
  });
}

test('a build lists all that is gone before it begins, also of nodes that would come later', async () => {
  await loopbackMirror({ there: whole, one: status(404), lib: whole }, ['there', 'one']);
  const cache = cacheDirectoryAt(await scratchDirectory());
  const lock = {
    suite: 'trixie',
    packages: [{ ...packageOf('tool'), depends: ['lib'] }, packageOf('lib')],
  };
  const graph = graphOf([
    fileNode('plain', 'plain', { outputs: { dev: [''] } }),
    nodeOf('there'),
    nodeOf('one'),
    nodeOf('two', { needs: ['plain@x86_64', 'one@x86_64'] }),
  ]);
  const seen: BuildEvent['kind'][] = [];
  const said = record();
  const show = buildProgress(said.terminal);
  const error = await errorOf(
    buildGraph(graph, {
      cache,
      lock,
      events: (event) => {
        seen.push(event.kind);
        show(event);
      },
    }),
  );
  expect(error.code).toBe('SOURCE_VERSION_GONE');
  expect(error.message).toBe(
    [
      'Cannot download 3 pinned packages:',
      '  source one 1:1+b~1-1 (one_1+b~1.orig.tar): the mirror has its files no more',
      '  source two 1:1+b~1-1 (two_1+b~1.orig.tar): trixie has no such package',
      '  package tool 1:1+b~1-1: trixie has no such package',
    ].join('\n'),
  );
  expect(error.hint).toContain('cocon pins update');
  expect(seen).not.toContain('started');
  expect(said.err).toMatch(/^fetch 5 pinned files$/m);
});
