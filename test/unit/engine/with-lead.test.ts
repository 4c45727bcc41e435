import { expect, it } from 'vitest';
import { withLead } from '../../../src/engine/headless/with-lead.ts';
import type { LockPort, Ports } from '../../../src/ports/ports.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory-store.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

it('a host without a page that loses the lock during its task does not run the task again: the host with the lock sends (F37)', async () => {
  const granted: Parameters<LockPort['acquire']>[1][] = [];
  const locks: LockPort = {
    acquire: (_name, holder) => {
      granted.push(holder);
      holder.onGranted();
      return () => undefined;
    },
  };
  const ports: Pick<Ports, 'locks' | 'bus' | 'clock'> = { ...quietPorts(createMemoryStore(new MemoryDisk())), locks };
  let runs = 0;
  const led = withLead(ports, 'the lock', () => {
    runs++;
    return new Promise(() => undefined);
  });
  granted[0]!.onLost();
  expect(await led).toBe(false);
  expect([runs, granted.length]).toEqual([1, 1]);
});
