/** The embedded database runs in the server's thread: between its transactions the server must handle other events. */
import { PGlite } from '@electric-sql/pglite';
import { expect, it } from 'vitest';
import { openSqlStore } from '../../src/server/store/sql/sql-store.ts';
import { systemClock } from '../../src/server/system-clock.ts';
import { inTurnsOf, Turns } from '../../src/server/store/turns.ts';
import { pgliteDriver } from '../../src/server/store/sql/pglite.ts';

it('the event loop runs between two transactions of the database, although many are waiting (F120)', async () => {
  const store = await openSqlStore(pgliteDriver(await PGlite.create()));
  try {
    let done = 0;
    const turns = new Turns(systemClock, 1);
    const mine = inTurnsOf(store, turns, 'ann');
    const all = Array.from({ length: 20 }, () => mine.read('x', (tx) => tx.now()).then(() => done++));
    let doneAtTurn: number | undefined;
    setImmediate(() => setImmediate(() => setImmediate(() => (doneAtTurn = done))));
    await Promise.all(all);
    expect(doneAtTurn).toBeLessThan(20);
  } finally {
    await store.close();
  }
}, 60_000);
