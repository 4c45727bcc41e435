/** Records of a simulated run in which much goes wrong: none contains a message body or a token. */
import { describe, expect, it } from 'vitest';
import { errorDetails, type Log, type LogLevel, safeLog } from '../../../src/logging.ts';
import { decodeServerFrame } from '../../../src/protocol/codec.ts';
import { createTestWorld } from '../../../src/testing/index.ts';

const BODY = 'planted-body-of-a-message';

it('no record of a run with failing network, disk and server contains a message body or a token', async () => {
  const records: { readonly side: string; readonly level: LogLevel; readonly event: string; readonly details: object }[] = [];
  const take = (side: string): Log => {
    return (level, event, details = {}) => void records.push({ side, level, event, details });
  };
  const world = createTestWorld({ seed: 11 });
  const token = world.server.token('ann');
  world.server.log = take('server');
  const phone = world.device('ann', 'phone', async () => token);
  const desk = world.device('ben', 'desk');
  for (const device of [phone, desk]) device.log = take(device.name);
  const ann = await world.open(phone);
  const ben = await world.open(desk);
  const say = (n: number) => ben.do('sendMessage', 'direct:ann', { body: JSON.stringify(`${BODY} ${n}`) });
  for (let n = 0; n < 3; n++) await world.until(say(n));
  await world.pass(1000);

  desk.disk.trouble = (point, name) => (point === 'commit' && name === 'sendMessage' ? 'quota' : null);
  await expect(world.until(say(3))).rejects.toMatchObject({ code: 'store/quota-exceeded' });
  desk.disk.trouble = () => null;
  phone.disk.trouble = (point, name) => (point === 'commit' && name === 'apply-changes' ? 'abort' : null);
  await world.until(say(4));
  await world.pass(5000);
  phone.disk.trouble = () => null;
  world.server.trouble = (name) => (name === 'submit' ? 'refuse' : null);
  await world.until(say(5));
  await world.pass(5000);
  world.server.trouble = () => null;
  world.server.accepts = () => {
    throw new Error(`cannot check ${token} now`);
  };
  phone.network.set({ up: false, down: false });
  await world.pass(60_000);
  phone.network.set({ up: true, down: true });
  await world.pass(60_000);
  world.server.accepts = () => true;
  await world.until(ann.do('sendConversationReadReceipt', 'direct:ben', {}));
  await world.pass(120_000);
  await world.open(phone);
  ann.kill();
  await world.pass(10_000);

  const events = new Set(records.map(({ side, event }) => `${side}: ${event}`));
  for (const event of [
    'desk: device-full',
    'desk: write-not-stored',
    'desk: batch-sent',
    'phone: sync-not-stored',
    'phone: connection-changed',
    'phone: leader-changed',
    'phone: caught-up',
    'server: authenticate-failed',
    'server: submit-failed',
    'server: connection-opened',
    'server: connection-closed',
  ])
    expect(events).toContain(event);
  const text = JSON.stringify(records);
  expect(text).not.toContain(BODY);
  expect(text).not.toContain(token);
  for (const { details } of records)
    for (const value of Object.values(details))
      expect(['string', 'number', 'boolean', 'object']).toContain(value === null ? 'object' : typeof value);
});

describe('the details of an error in a record', () => {
  const thrownBy = (run: () => unknown): unknown => {
    try {
      run();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each<[string, () => unknown]>([
    ['a frame with a field of another type', () => decodeServerFrame(JSON.stringify({ type: BODY }))],
    ['a message whose sequence number is text', () => decodeServerFrame(JSON.stringify({ type: 'pong', id: BODY }))],
    ['text that is no JSON', () => JSON.parse(BODY) as unknown],
    ['JSON that ends in the body', () => JSON.parse(`{"a":"${BODY}"`) as unknown],
    ['a value that cannot be cloned', () => structuredClone({ [BODY]: 1, run: () => BODY })],
  ])('the record of an error about %s does not quote its text', (_what, run) => {
    const error = thrownBy(run);
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify(errorDetails(error))).not.toMatch(/planted|body-of/);
  });

  it('the record of an error has its code and its message, and no other field', () => {
    const error = Object.assign(new Error('syntax error'), { code: '42601', params: [BODY], query: BODY });
    expect(errorDetails(error)).toEqual({ code: '42601', message: 'syntax error' });
  });
});

it('a log function of the app that throws does not disturb the work', () => {
  const log = safeLog(() => {
    throw new Error('full');
  });
  expect(() => log('warn', 'device-full')).not.toThrow();
});
