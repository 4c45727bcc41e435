/** What the devices of a deleted user see. */
import { afterEach, expect, it } from 'vitest';
import { hello, messageTo, post, startTestServer, TestClient, type TestServer } from './server-harness.ts';

let server: TestServer;
afterEach(() => server.close(), 10_000);

it('the devices of a deleted user are cut off, and come back to nothing although their token still counts', async () => {
  server = await startTestServer();
  const [ann, ben] = [await TestClient.signIn(server.url, 'ann'), await TestClient.signIn(server.url, 'ben')];
  ben.send({ type: 'pull', cursor: null });
  await ben.next('changes');
  ann.send({ type: 'submit', id: 1, entries: [messageTo('ben', 'm1')] });
  await ann.next('answer');
  expect((await ben.next('changes')).messages).toMatchObject([{ messages: [{ id: 'm1', body: '"hi"' }] }]);
  await server.server.deleteUser('ann');
  expect(await ann.closed).toMatchObject({ code: 4401 });
  expect((await ben.next('changes')).messages).toMatchObject([{ messages: [{ id: 'm1', body: '', recalled: true }] }]);
  const back = await TestClient.signIn(server.url, 'ann');
  back.send({ type: 'pull', cursor: null });
  expect(await back.next('error')).toMatchObject({ code: 'auth/forbidden', message: 'this account is deleted' });
  expect(await back.closed).toMatchObject({ code: 4401 });
  const late = await post(server.host, [hello('ann'), { type: 'submit', id: 1, entries: [messageTo('ben', 'late')] }]);
  expect(late.frames).toMatchObject([{ type: 'welcome' }, { results: [{ outcome: 'rejected', code: 'rejected/permission-denied' }] }]);
  await expect(server.server.publish({ from: 'ben', to: { user: 'ann' }, body: 1 })).rejects.toThrow('not allowed');
  expect(() => server.server.exportUser('')).toThrow('userId');
  ben.close();
});
