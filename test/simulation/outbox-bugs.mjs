// Bugs on purpose in `tidemark/outbox`, found by the worlds of the outbox; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/outbox/${file}`, from, to, main: 'test/simulation/outbox-main.ts' });

export const OUTBOX_BUGS = [
  bug(
    'a call resolves, and its receipt is only in memory',
    'outbox-over-ports.ts',
    '(written = decide(records))',
    '(written = decide(records)).slice(1)',
  ),
  bug(
    'a receipt added during a request goes with the sent ones',
    'outbox-over-ports.ts',
    '[[pendingKey(conversation), without(now, ended)]]',
    '[[pendingKey(conversation), undefined]]',
  ),
  bug(
    'a failed request counts as sent',
    'sender.ts',
    '      throw error;\n    } finally {',
    "      return { end: 'taken' };\n    } finally {",
  ),
  bug('a read position goes back', 'pending.ts', 'a && (!b || a.order >= b.order) ? a : b', 'b ?? a'),
  bug(
    'a second read of a conversation replaces the first',
    'pending.ts',
    'new Map((before?.messages ?? []).map((message) => [message.id, message]))',
    'new Map(([] as readonly MessageRead[]).map((message) => [message.id, message]))',
  ),
  bug(
    'what a newer position covers is lost with an older one',
    'pending.ts',
    'now.readUpTo.order <= sent.readUpTo.order ? null',
    'now.readUpTo.order > 0 ? null',
  ),
  bug(
    'a cleared count is sent as told',
    'pending.ts',
    'cleared: laterClear(before?.cleared ?? null, call.cleared ?? null),',
    'cleared: laterClear(before?.cleared ?? null, call.cleared ?? call.readUpTo ?? null),',
  ),
  bug(
    'an SDK that never answers holds up all receipts',
    'sender.ts',
    'await Promise.race([this.handlers.send(receipts), silence]);',
    'silence.catch(() => undefined); await this.handlers.send(receipts);',
  ),
  bug('a following tab never takes over', 'lead.ts', 'if (this.hasLocks) this.request(true);', 'if (this.hasLocks) this.watch.start();'),
  bug('without locks no tab leads', 'lead.ts', 'else this.claims();', 'else this.watch.start();'),
  bug(
    'the new leader sends only its own receipts',
    'outbox-over-ports.ts',
    '    await this.reload();\n    return fence;',
    '    return fence;',
  ),
  bug(
    'a new connection does not start the sending',
    'sender.ts',
    'if (isConnected) this.endWaits();\n    this.run();',
    'if (isConnected) this.endWaits();',
  ),
  bug(
    'a refusal for good leaves no dead letter',
    'outbox-over-ports.ts',
    "if (settled.end === 'refused') {",
    "if (settled.end !== 'taken') {} else if (false) {",
  ),
  bug('the count comes back after the sending', 'outbox-over-ports.ts', 'taken.get(conversation)?.upTo ?? -Infinity', '-Infinity'),
  bug(
    'a following tab shows sent receipts as pending after a lost hint',
    'outbox-over-ports.ts',
    "type !== 'leads?' ||",
    "type === 'changed' ||",
  ),
];
