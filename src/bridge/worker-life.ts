/** One worker, from its start to its end: who calls it hears of its death, and nobody waits for the dead (F28). */
import * as Comlink from 'comlink';
import { ReceiptsError, type UsageError, WorkerError } from '../errors.ts';
import type { Cancel, ClockPort } from '../ports/ports.ts';
import { fromWireError } from './error-transfer.ts';
import { VERSION, versionsDiffer } from './version.ts';
import { Watchdog } from './watchdog.ts';
import type { PageSide, WorkerApi, WorkerConfig } from './worker-api.ts';
import { whenReleased } from './worker-lock.ts';
import { unavailable } from './worker-source.ts';

const restarted = (): WorkerError =>
  new WorkerError(
    'worker/restarted',
    'the worker ended before it answered; whether this call was done is not known, and it is safe to repeat',
  );

export class WorkerLife {
  /** This end of its streams. */
  readonly port: MessagePort;
  /** Resolves when it has opened its store. */
  readonly started: Promise<void>;
  private readonly api: Comlink.Remote<WorkerApi>;
  private readonly watchdog: Watchdog;
  private readonly waiting = new Set<(error: ReceiptsError) => void>();
  private readonly ends: Cancel[] = [];
  private isUp = false;
  private endedBy: ReceiptsError | null = null;

  /** @param died called once, when it ends and nobody asked it to; before those who wait for an answer are told. */
  constructor(
    private readonly worker: Worker,
    config: Promise<WorkerConfig>,
    page: PageSide,
    timer: ClockPort['timer'],
    private readonly died: (error: ReceiptsError) => void,
  ) {
    this.api = Comlink.wrap<WorkerApi>(worker);
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.watchdog = new Watchdog(
      timer,
      () => this.api.ping(),
      () => this.die('it is silent'),
    );
    this.listen();
    this.waitForItsDeath();
    this.started = this.call(async (api) => {
      const answer = await api.start(VERSION, await config, Comlink.proxy(page), Comlink.transfer(port2, [port2]));
      if (answer.version !== VERSION) throw versionsDiffer(VERSION, answer.version);
      if (answer.error) throw fromWireError(answer.error);
      this.isUp = true;
    }).catch((error: unknown) => {
      const why = error instanceof ReceiptsError && (this.isOver || !(error instanceof WorkerError)) ? error : unavailable(String(error));
      this.fail(why);
      throw why;
    });
    this.started.catch(() => undefined);
  }

  get isOver(): boolean {
    return this.endedBy !== null;
  }

  /** @throws {WorkerError} `worker/restarted` where it ends first, `worker/unavailable` where it had not started; or what ended it. */
  call<T>(ask: (api: Comlink.Remote<WorkerApi>) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.endedBy) return reject(this.endedBy);
      const answered = this.watchdog.watch();
      this.waiting.add(reject);
      ask(this.api)
        .then(
          (answer) => {
            this.watchdog.heard();
            resolve(answer);
          },
          // What Comlink has to say is a fault of ours: the call may be repeated.
          (error: unknown) => reject(error instanceof ReceiptsError ? error : new WorkerError('worker/restarted', String(error))),
        )
        .finally(() => {
          answered();
          this.waiting.delete(reject);
        });
    });
  }

  /** Nothing is awaited of it. */
  tell(say: (api: Comlink.Remote<WorkerApi>) => Promise<unknown>): void {
    if (this.isUp && !this.isOver) say(this.api).catch(() => undefined);
  }

  private listen(): void {
    // Once it runs, an error is one of a single task, and the worker lives on.
    this.worker.addEventListener('error', (event) => {
      if (!this.isUp) this.die(event.message || 'its script was not loaded, or failed');
    });
    // An answer that cannot be read never comes again.
    const unreadable = (): void => this.die('it sent what this page cannot read');
    this.worker.addEventListener('messageerror', unreadable);
    this.port.addEventListener('messageerror', unreadable);
  }

  private waitForItsDeath(): void {
    const name = `tidemark-worker-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
    // Without locks only asking helps, for as long as it lives.
    const ask = (): void => void this.watchdog.watch();
    this.api.hold(name).then(
      (isHeld) => {
        if (this.isOver) return;
        this.watchdog.heard();
        if (isHeld) this.ends.push(whenReleased(name, () => this.die('it ended'), ask));
        else ask();
      },
      () => ask(),
    );
  }

  private die(why: string): void {
    this.fail(this.isUp ? restarted() : unavailable(why));
  }

  private fail(error: ReceiptsError): void {
    if (this.endedBy) return;
    this.stop(error);
    this.died(error);
    this.tellAll(error);
  }

  private stop(error: ReceiptsError): void {
    this.endedBy = error;
    // Slow rather than dead, perhaps: two must never run.
    this.worker.terminate();
    this.watchdog.stop();
    this.port.close();
    for (const end of this.ends) end();
  }

  private tellAll(error: ReceiptsError): void {
    for (const tell of this.waiting) tell(error);
    this.waiting.clear();
  }

  end(error: UsageError): void {
    if (this.endedBy) return;
    this.stop(error);
    this.tellAll(error);
  }
}
