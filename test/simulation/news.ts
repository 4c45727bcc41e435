/**
 * Judges the events of a tab over time: no message and no reader twice, no reader left out, no call of its own as another device's, and no
 * receipt of a recalled message.
 */
import type { ReceiptEvent } from '../../src/model/api/event.ts';
import { EPOCH } from './truths.ts';
import type { Home, Screen, Simulation } from './simulation.ts';

/** A live tab stores a newer time every five minutes, at a heartbeat. */
const MOST_BEHIND_MS = 7 * 60_000;

export class News {
  private readonly told = new Set<string>();
  private readonly recalled = new Set<string>();
  /** The last read count heard by the tab and its readers, by message. */
  private readonly readers = new Map<string, { count: number; names: Set<string> }>();
  private asOf: number | null = null;

  constructor(
    private readonly sim: Simulation,
    private readonly home: Home,
    private readonly screen: Pick<Screen, 'tab' | 'connection'>,
  ) {}

  hears(event: ReceiptEvent): void {
    const { sim, home, screen } = this;
    if (sim.restored) return;
    const who = screen.tab.process.name;
    if (event.type === 'message') {
      if (this.told.has(event.message.id)) sim.violated('I-2', `${who} hears twice of the message ${event.message.id}`);
      this.told.add(event.message.id);
    }
    if (event.type === 'recalled') this.recalled.add(event.messageId);
    if (event.type === 'read' || event.type === 'delivered')
      for (const id of event.messageIds)
        if (this.recalled.has(id)) sim.violated('I-5', `${who} hears ${event.type} of ${id}, and had heard of its recall`);
    // A repeated frame may arrive later than a message that it names: the receipt takes effect after all, although it was refused.
    const isRefused = event.type === 'read' && event.messageIds.every((id) => home.ledger.refusedReceipts.has(id));
    if ('self' in event && event.self && !isRefused) {
      const own = sim.homes.filter(({ device }) => device.userId === home.device.userId).length;
      if (
        own === 1 &&
        !sim.counts.has('wipe') &&
        !sim.counts.has('power-loss') &&
        !sim.counts.has('log-out') &&
        !sim.counts.has('op log-out')
      )
        sim.violated('I-5', `${who} hears its own call: ${JSON.stringify(event)}`);
    }
    if (event.type === 'sent' && !this.readers.has(event.messageId)) this.readers.set(event.messageId, { count: 0, names: new Set() });
    if (event.type === 'receiptStatistics')
      for (const { messageId, readCount } of event.receipts) this.readers.set(messageId, { count: readCount, names: new Set() });
    if (event.type === 'groupRead') {
      const { messageId, readCount, readers } = event;
      const before = this.readers.get(messageId);
      const names = new Set(before?.names);
      for (const { by } of readers) names.add(by);
      // A message evicted meanwhile makes no events.
      if (before && readCount - before.count > readers.length && !sim.counts.has('drop') && !sim.counts.has('disk quota'))
        sim.violated(
          'I-11',
          `${who} hears ${readers.length} readers of ${messageId}, whose count went from ${before.count} to ${readCount}`,
        );
      this.readers.set(messageId, { count: Math.max(before?.count ?? 0, readCount), names });
    }
  }

  /** The time of the last catch-up never lies: the time is not in the future, and the tab has every earlier message. */
  isAsOf(asOf: number | null): void {
    const { sim, screen } = this;
    if (asOf === null || asOf === this.asOf) return;
    this.asOf = asOf;
    const { tab } = screen;
    const { now } = sim.world.time;
    if (asOf > EPOCH + now) sim.violated('I-14', `${tab.process.name} is as of ${asOf - EPOCH}, and it is ${Math.round(now)}`);
  }

  /** At rest a live device is at most one step and two heartbeats behind. */
  judgeAtRest(): void {
    const { sim, screen } = this;
    const behind = EPOCH + sim.world.time.now - (this.asOf ?? 0);
    if (screen.connection === 'live' && behind > MOST_BEHIND_MS)
      sim.violated('I-14', `${screen.tab.process.name} is live, and as of ${Math.round(behind / 1000)} s ago`);
  }
}
