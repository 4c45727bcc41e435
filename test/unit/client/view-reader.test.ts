/** What an open view reads, and when, with a worker that answers late or dies. */
import { expect, it } from 'vitest';
import type { ReadCalls } from '../../../src/client/view/read-calls.ts';
import { viewCalls } from '../../../src/client/view/view-calls.ts';
import { viewReader } from '../../../src/client/view/view-reader.ts';
import { WorkerError } from '../../../src/errors.ts';

const setUp = (calls: Partial<ReadCalls> = {}) => {
  const made: string[] = [];
  const read: ReadCalls = {
    isDirect: true,
    seqOf: async (id) => Number(id.slice(1)),
    all: async (upTo) => void made.push(`all ${upTo ?? ''}`.trim()),
    arrivals: async (after, upTo) => {
      made.push(`arrivals ${after}–${upTo}`);
      return upTo;
    },
    ...calls,
  };
  const queue = viewCalls({ isUp: false, up: async () => undefined });
  return { made, reader: viewReader(queue.add, read), done: queue.underWay };
};

it('a view reads what is stored, then what arrives, and with the page hidden nothing', async () => {
  const { made, reader, done } = setUp();
  reader.arrived(3);
  reader.setViewed(true);
  await done();
  reader.arrived(4);
  await done();
  reader.setViewed(false);
  reader.arrived(5);
  await done();
  expect(made).toEqual(['all', 'all', 'arrivals 3–4']);
});

it('after a call of `seen`, a view reads up to the seen message only', async () => {
  const { made, reader, done } = setUp();
  reader.arrived(5);
  reader.seen('m2');
  await done();
  reader.setViewed(true);
  reader.arrived(6);
  reader.seen('m4');
  reader.seen('m3');
  await done();
  expect(made).toEqual(['all m2', 'all m4']);
});

it('a seen message that arrived in view gets a receipt of its own, and the messages from before the view do not', async () => {
  const { made, reader, done } = setUp();
  reader.setViewed(true);
  reader.arrived(5);
  await done();
  reader.seen('m3');
  reader.arrived(7);
  reader.seen('m7');
  await done();
  expect(made).toEqual(['all', 'all', 'all m3', 'arrivals 5–7', 'all m7']);
});

it('a message that arrives while the worker reads the earlier ones is read too', async () => {
  let arriving = 0;
  const { made, reader, done } = setUp({ all: async () => reader.arrived(arriving) });
  reader.setViewed(true);
  await done();
  arriving = 4;
  reader.arrived(3);
  await done();
  await done();
  expect(made).toEqual(['arrivals 3–4']);
});

it('the next worker reads a seen message if a worker dies during the call', async () => {
  const made: (string | undefined)[] = [];
  let isDying = true;
  const { reader, done } = setUp({
    isDirect: false,
    all: async (upTo) => {
      if (upTo && isDying) {
        isDying = false;
        throw new WorkerError('worker/restarted', 'the worker has died');
      }
      made.push(upTo);
    },
  });
  reader.setViewed(true);
  reader.arrived(2);
  reader.seen('m2');
  await done();
  expect(made).toEqual([undefined, undefined, 'm2']);
});
