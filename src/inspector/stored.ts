/** The stored data of the account. */
import type { Inspection, StorageReport } from '../index.ts';
import { card, h, setRows } from './build.ts';
import { size } from './words.ts';

const yesNo = (value: boolean | null): string =>
  value === null ? 'the browser does not say' : value ? 'yes' : 'no, it may delete the data';

export class Stored {
  private readonly facts = h('dl', { class: 'list' });
  readonly node = card('storage', 'Stored here', this.facts);

  show({ account, database, version }: Inspection, report: StorageReport | null): void {
    const quota = report?.quota ?? null;
    setRows(this.facts, 'div dt dd', [
      ['Texts', report ? `${size(report.bytes)} in ${report.messages} messages and the state` : '–'],
      ['Kept by the browser', report ? yesNo(report.persisted) : '–'],
      ['Quota of the origin', quota === null ? 'unknown' : size(quota)],
      ['Cursor', { text: account?.cursor ?? (account ? 'none: no snapshot yet' : '–'), kind: 'code' }],
      ['Database', { text: database || '–', kind: 'code' }],
      ['Release', { text: version, kind: 'code' }],
    ]);
  }
}
