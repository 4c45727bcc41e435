import { BehaviorSubject, lastValueFrom, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import { Persistence } from '../../../src/client/page/persistence.ts';
import type { ConnectionStatus } from '../../../src/model/api/status.ts';

const status = { state: 'live', durability: 'durable', persisted: null } as ConnectionStatus;
const browser = (persisted: boolean, granted: boolean) => {
  const asked = { persist: 0 };
  const storage = {
    persisted: () => Promise.resolve(persisted),
    persist: () => {
      asked.persist++;
      return Promise.resolve(granted);
    },
  };
  return { asked, storage };
};
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const seen = (persistence: Persistence): (boolean | null)[] => {
  const values: (boolean | null)[] = [];
  persistence.joined(new BehaviorSubject(status)).subscribe(({ persisted }) => values.push(persisted));
  return values;
};

it('the client asks for persistent storage once, after the first write, and shows a refusal (F25)', async () => {
  const { asked, storage } = browser(false, false);
  const persistence = new Persistence({ storage });
  await turn();
  expect(asked.persist).toBe(0);
  expect(seen(persistence)).toEqual([false]);
  persistence.worthKeeping();
  persistence.worthKeeping();
  await turn();
  expect(asked.persist).toBe(1);
  expect(seen(persistence)).toEqual([false]);
});

it('the client shows that storage is persistent, and does not ask again if the storage already was (F25)', async () => {
  const granting = browser(false, true);
  const persistence = new Persistence(granting);
  const values = seen(persistence);
  persistence.worthKeeping();
  await turn();
  expect(values.at(-1)).toBe(true);
  const granted = browser(true, true);
  new Persistence(granted).worthKeeping();
  await turn();
  expect(granted.asked.persist).toBe(0);
});

it.each([
  ['has no storage manager', {}],
  ['has no persisted()', { storage: {} }],
  [
    'rejects the question',
    { storage: { persisted: () => Promise.reject(new Error('no')), persist: () => Promise.reject(new Error('no')) } },
  ],
])('in a browser that %s, persisted stays null (F25)', async (_name, given) => {
  const persistence = new Persistence(given);
  persistence.worthKeeping();
  await turn();
  expect(seen(persistence)).toEqual([null]);
});

it('the stream with persisted completes when the connection stream completes', async () => {
  const status$ = new BehaviorSubject(status);
  const all = lastValueFrom(new Persistence({}).joined(status$).pipe(toArray()));
  status$.complete();
  expect(await all).toEqual([status]);
});
