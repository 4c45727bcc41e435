/** What a call in flight comes to when the session ends. */
import { NEVER, of } from 'rxjs';
import { expect, it } from 'vitest';
import { createServerAnswers } from '../../../src/compat/server-answers.ts';
import { type ReceiptClient, UsageError } from '../../../src/index.ts';

it('a call in flight ends with the error of the log-out, also when the client refuses the call first', async () => {
  const client = { watchConnection: () => of({ state: 'live', paused: false }), watchOutbox: () => NEVER };
  const answers = createServerAnswers(client as unknown as Pick<ReceiptClient, 'watchConnection' | 'watchOutbox'>);
  let refuse: (error: Error) => void = () => undefined;
  const refused = answers.to(['m1'], () => new Promise((_resolve, reject) => (refuse = reject)));
  const stored = answers.to(['m2'], () => Promise.resolve('stored'));
  await Promise.resolve();
  const loggedOut = new Error('logged out');
  answers.stop(loggedOut);
  refuse(new UsageError('usage/closed', 'the client is closed'));
  await expect(refused).rejects.toBe(loggedOut);
  await expect(stored).rejects.toBe(loggedOut);
});
