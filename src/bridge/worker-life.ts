/**
 * One worker, from its start to its end. When the worker dies, every waiting call is rejected, so no caller waits for a
 * dead worker (F28).
 */
import * as Comlink from 'comlink';
import { ReceiptsError, type UsageError, WorkerError } from '../errors.ts';
import type { Cancel, ClockPort } from '../ports/ports.ts';
import { fromWireError } from './error-transfer.ts';
import { versionsDiffer } from './version.ts';
import { VERSION } from '../model/version.ts';
import { Watchdog } from './watchdog.ts';
import type { PageSide, WorkerApi, WorkerConfig } from './worker-api.ts';
import { whenReleased } from './worker-lock.ts';
import { type StartedWorker, unavailable } from './worker-source.ts';

const restarted = (): WorkerError =>
  new WorkerError('worker/restarted', 'the worker ended before its answer: repeat the call, which takes effect once');

export class WorkerLife {
  /** The page's end of the port of streams. */
  readonly port: MessagePort;
  /** Resolves when the worker has opened its store. */
  readonly started: Promise<void>;
  private readonly worker: Worker;
  private readonly api: Comlink.Remote<WorkerApi>;
  private readonly watchdog: Watchdog;
  private readonly waiting = new Set<(error: ReceiptsError) => void>();
  private readonly ends: Cancel[] = [];
  private isUp = false;
  private endedBy: ReceiptsError | null = null;

  /** @param died called once if the worker ends without a call of `end`, before the waiting calls are rejected. */
  constructor(
    { worker, failed }: StartedWorker,
    config: Promise<WorkerConfig>,
    page: Promise<PageSide>,
    timer: ClockPort['timer'],
    private readonly died: (error: ReceiptsError) => void,
  ) {
    this.worker = worker;
    this.api = Comlink.wrap<WorkerApi>(worker);
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.watchdog = new Watchdog(
      timer,
      () => this.api.ping(),
      () => this.die('it is silent'),
    );
    this.listen(failed);
    this.waitForItsDeath();
    this.started = this.call(async (api) => {
      const [settings, answers] = await Promise.all([config, page]);
      const answer = await api.start(VERSION, settings, Comlink.proxy(answers), Comlink.transfer(port2, [port2]));
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

  /**
   * @throws {WorkerError} `worker/restarted` if the worker ends first, `worker/unavailable` if it had not started; or
   * the error that ended it.
   */
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
          // An error of Comlink itself is a fault of this package: the call may be repeated.
          (error: unknown) => reject(error instanceof ReceiptsError ? error : new WorkerError('worker/restarted', String(error))),
        )
        .finally(() => {
          answered();
          this.waiting.delete(reject);
        });
    });
  }

  /** Sends a message without waiting for an answer. */
  tell(say: (api: Comlink.Remote<WorkerApi>) => Promise<unknown>): void {
    if (this.isUp && !this.isOver) say(this.api).catch(() => undefined);
  }

  private listen(failed: Promise<string>): void {
    // After the start, an error event concerns a single task, and the worker goes on.
    void failed.then((message) => {
      if (!this.isUp) this.die(message || 'its script was not loaded, or failed');
    });
    // The worker does not repeat an unreadable answer, so its caller would wait for ever.
    const unreadable = (): void => this.die('it sent what this page cannot read');
    this.worker.addEventListener('messageerror', unreadable);
    this.port.addEventListener('messageerror', unreadable);
  }

  private waitForItsDeath(): void {
    const name = `tidemark-worker-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
    // Without locks, only pings detect the worker's death.
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
    this.rejectAll(error);
  }

  private stop(error: ReceiptsError): void {
    this.endedBy = error;
    // The worker may be slow rather than dead: terminate it, because two workers must never run.
    this.worker.terminate();
    this.watchdog.stop();
    this.port.close();
    for (const end of this.ends) end();
  }

  private rejectAll(error: ReceiptsError): void {
    for (const reject of this.waiting) reject(error);
    this.waiting.clear();
  }

  end(error: UsageError): void {
    if (this.endedBy) return;
    this.stop(error);
    this.rejectAll(error);
  }
}
