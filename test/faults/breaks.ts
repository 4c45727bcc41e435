/** The code broken on purpose, each a small thing somebody might do: the test beside it has to find it. `npm run faults:break`. */

export interface Break {
  /** The faults that come through. */
  readonly fault: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** What Vitest is asked to run: a project, a file, `-t` and what the title holds. */
  readonly test: readonly [project: 'node' | 'chromium' | 'firefox' | 'webkit' | 'e2e', file: string, title: string];
}

export const BREAKS: readonly Break[] = [
  {
    fault: 'F31',
    file: 'src/engine/write.ts',
    from: 'if (fence === undefined || fence === head.fence)',
    to: 'if (fence !== -1)',
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F31'],
  },
  {
    fault: 'F30',
    file: 'src/engine/sync/leader.ts',
    from: 'this.wishForLock(true);',
    to: 'this.wishForLock(false);',
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F30'],
  },
  {
    fault: 'F34',
    file: 'src/engine/sync/leader.ts',
    from: `  private park(): void {
    this.isParked = true;
    this.leave();`,
    to: `  private park(): void {
    this.isParked = true;`,
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F34'],
  },
  {
    fault: 'F18',
    file: 'src/store/memory-store.ts',
    from: 'undo.push(() => void (before ? rows.set(id, before) : rows.delete(id)));',
    to: '',
    test: ['node', 'test/contract/store.memory.test.ts', 'F18'],
  },
  {
    fault: 'F19',
    file: 'src/model/message.ts',
    from: '0000|d[89a-f][0-9a-f]{2}',
    to: 'd[89a-f][0-9a-f]{2}',
    test: ['chromium', 'test/browser/client.test.ts', 'F19'],
  },
  {
    fault: 'F28',
    file: 'src/bridge/worker-life.ts',
    from: 'this.waiting.add(reject);\n      ask(',
    to: 'ask(',
    test: ['node', 'test/unit/bridge/connect.test.ts', 'F28'],
  },
  {
    fault: 'F44',
    file: 'src/bridge/connect.ts',
    from: 'return ask();',
    to: 'throw error;',
    test: ['node', 'test/unit/bridge/connect.test.ts', 'F44'],
  },
  {
    fault: 'F53',
    file: 'src/engine/sync/roads.ts',
    from: 'const MISSES = 2;',
    to: 'const MISSES = 1_000_000;',
    test: ['node', 'test/unit/engine/network-http.test.ts', 'F53'],
  },
  {
    fault: 'F30',
    file: 'src/service-worker/lead.ts',
    from: '{ steal: true }, run',
    to: '{}, run',
    test: ['e2e', 'test/e2e/service-worker.test.ts', 'F30'],
  },
  {
    fault: 'F38',
    file: 'src/engine/sync/leader.ts',
    from: 'if (this.writer.model.paused) this.sync.stop();',
    to: 'if (true) this.sync.stop();',
    test: ['e2e', 'test/e2e/service-worker.test.ts', 'F38'],
  },
];
