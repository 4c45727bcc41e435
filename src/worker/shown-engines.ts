/**
 * Which engine each topic is watched on while the account moves. Topics about the account follow the current engine. Messages and counts stay
 * with the engine before until the new engine knows enough, so nothing flickers.
 */
import type { Engine } from '../engine/engine.ts';
import { ObservableValue } from '../model/observable-value.ts';
import type { ConnectionStatus } from '../model/api/status.ts';
import type { Topic, Watcher } from '../model/api/topic.ts';
import type { Cancel } from '../ports/ports.ts';
import type { CurrentEngine } from './current-engine.ts';
import type { AccountHome } from './account-home.ts';

const STATE_TOPICS: ReadonlySet<Topic['of']> = new Set(['connection', 'outbox', 'events', 'dead-letters'] satisfies Topic['of'][]);
const COUNT_TOPICS: ReadonlySet<Topic['of']> = new Set([
  'total-unread',
  'badge',
  'unread',
  'mentions',
  'conversations',
  'conversation',
] satisfies Topic['of'][]);

export class ShownEngines {
  /** The source of shown messages. A new engine takes over only after loading its state. */
  private readonly messages = new ObservableValue<Engine | null>(null);
  /** The source of shown counts. The first engine also waits here if a lost store knew more: its 0 would be a guess. */
  private readonly counts = new ObservableValue<Engine | null>(null);

  constructor(private readonly current: CurrentEngine) {}

  /** The account runs on a new engine. */
  take({ engine, isBlank }: Pick<AccountHome, 'engine' | 'isBlank'>): void {
    this.show(this.messages, engine, this.messages.value === null ? null : engine.whenFilled());
    this.show(this.counts, engine, this.counts.value === null && !isBlank ? null : engine.whenKnown());
  }

  /** @param when the engine takes over at this moment; null: at once. */
  private show(on: ObservableValue<Engine | null>, engine: Engine, when: Promise<void> | null): void {
    if (!when) on.value = engine;
    else
      void when.then(() => {
        if (this.current.now === engine) on.value = engine;
      });
  }

  /** @returns stops it. */
  watch(topic: Topic, watcher: Watcher<unknown>): Cancel {
    const { current } = this;
    const shown = STATE_TOPICS.has(topic.of) ? current.engine : COUNT_TOPICS.has(topic.of) ? this.counts : this.messages;
    let first: Engine | null = null;
    let last: ConnectionStatus | null = null;
    let stopWatching: Cancel = () => undefined;
    const stops: Cancel[] = [() => stopWatching()];
    const stop = (): void => {
      for (const end of stops.splice(0)) end();
    };
    const follow = (engine: Engine | null): void => {
      stopWatching();
      first ??= engine;
      // While the account moves, nothing is connected.
      if (!engine && last) watcher.next({ ...last, state: 'offline', leader: false, retryAt: null } satisfies ConnectionStatus);
      if (!engine) return;
      // Another store numbers its events from 1.
      const wanted: Topic = topic.of === 'events' && engine !== first ? { of: 'events' } : topic;
      stopWatching = engine.watch(wanted, {
        next: (value) => {
          if (topic.of === 'connection') last = value as ConnectionStatus;
          watcher.next(value);
        },
        failed: (error) => {
          stop();
          watcher.failed(error);
        },
        // Another engine may follow.
        ended: () => undefined,
      });
    };
    if (current.over.value) watcher.ended();
    else
      stops.push(
        current.over.listen((reason) => {
          if (!reason) return;
          stop();
          watcher.ended();
        }),
        shown.listen(follow),
      );
    return stop;
  }
}
