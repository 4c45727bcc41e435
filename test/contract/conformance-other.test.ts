/** The conformance kit against a receipt server in Python that was written from PROTOCOL.md alone, as it is and with planted faults. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostAt } from '../../src/conformance/host.ts';
import { type ConformanceReport, runConformance } from '../../src/conformance/run.ts';
import { namesOfRun, usersOfHost } from '../../src/conformance/users.ts';
import { hasPython, MISSING_PYTHON, type OtherServer, startOtherServer } from '../support/start-other-server.ts';
import { FAULTS, SHOWN_BY } from './conformance-faults.ts';

const isMissing = !hasPython();
if (isMissing && process.env['ENGINES'] === 'all') throw new Error(`ENGINES is all, and ${MISSING_PYTHON}`);
if (isMissing) console.warn(MISSING_PYTHON);

describe.skipIf(isMissing)('a receipt server in Python', () => {
  let other: OtherServer;
  const check = async (only?: readonly string[], patienceMs?: number): Promise<ConformanceReport> =>
    runConformance({
      url: other.url,
      parallel: 8,
      users: usersOfHost(hostAt(other.host), namesOfRun()),
      ...(only ? { only } : {}),
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
  beforeAll(async () => {
    other = await startOtherServer();
  });
  afterAll(() => other.stop());

  it('passes the core level', { timeout: 120_000 }, async () => {
    const { results, passed } = await check(undefined, 15_000);
    expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(passed).toBeGreaterThan(100);
  });

  describe('with a planted fault', () => {
    it.each(Object.entries(FAULTS))('%s is found by %j', { timeout: 30_000 }, async (fault, checks) => {
      await other.plant(fault);
      const { results } = await check([...checks, ...(SHOWN_BY[fault] ?? [])], 700);
      await other.plant('');
      const failed = results.filter(({ outcome }) => outcome === 'failed');
      expect(failed.map(({ id }) => id).sort()).toEqual([...checks].sort());
      // A report that an author of a server can act on.
      for (const { section, rule, expected = '', saw = '' } of failed) {
        expect(`${section}${rule}`).toMatch(/\w/);
        expect(expected.length).toBeGreaterThan(10);
        expect(saw).not.toMatch(/undefined|TypeError/);
      }
    });
  });
});
