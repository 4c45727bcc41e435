/** Takes the client's frames: queues their jobs, decodes them when their turn comes, and refuses malformed ones. */
import { ProtocolError } from '../../errors.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import { BadFrame, decodeClientFrame } from '../../protocol/codec.ts';
import type { ClientFrame } from '../../protocol/frames.ts';
import type { JobQueue } from './job-queue.ts';
import type { Outgoing } from './outgoing.ts';

/** Frames a client may send ahead of the answers. Above these limits the connection ends. */
const MAX_QUEUED_FRAMES = 256;
const MAX_QUEUED_CHARS = 320 * 1024;
/** The same limit before the token is checked: room for hello and the frames of the same flight. */
const MAX_UNNAMED_CHARS = 128 * 1024;
/** Frames that overtake a long answer: entries, and requests for the messages of an opened chat. */
const OVERTAKING: ReadonlySet<ClientFrame['type']> = new Set(['submit', 'fetch', 'fetch-receipts', 'fetch-members']);

export class Incoming {
  /**
   * @param isNamed whether the token has named the account.
   * @param take answers a frame.
   */
  constructor(
    private readonly queue: JobQueue,
    private readonly out: Outgoing,
    private readonly isNamed: () => boolean,
    private readonly take: (frame: ClientFrame) => Promise<void>,
  ) {}

  receive(text: string): void {
    const { queue } = this;
    // A client far ahead of the answers is closed.
    const maxChars = this.isNamed() ? MAX_QUEUED_CHARS : MAX_UNNAMED_CHARS;
    if (queue.length >= MAX_QUEUED_FRAMES || queue.chars + text.length > maxChars)
      return this.out.end(CLOSE.tryLater, 'too many unanswered frames');
    let frame: ClientFrame | undefined;
    const decode = (): ClientFrame => (frame ??= decodeClientFrame(text));
    const overtakes = (): boolean => {
      try {
        return OVERTAKING.has(decode().type);
      } catch {
        return false; // the job itself refuses the frame
      }
    };
    queue.add({ run: () => this.read(decode), chars: text.length, overtakes });
  }

  /** Takes a frame without readable text. */
  receiveUnreadable(why: string): void {
    this.queue.addOwn(() => this.refuse(why));
  }

  private async read(decode: () => ClientFrame): Promise<void> {
    let frame: ClientFrame;
    try {
      frame = decode();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return this.refuse(error.message, error instanceof BadFrame ? error.requestId : undefined);
    }
    await this.take(frame);
  }

  /** Before the token is checked, one malformed frame ends the connection. */
  private refuse(why: string, id?: number): void {
    if (this.isNamed()) this.out.bad(why, id);
    else this.out.fail('protocol/bad-frame', why, CLOSE.unauthorized);
  }
}
