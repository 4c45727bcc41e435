// Bugs on purpose in notifications: the service worker shows and closes them, and pages close them; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const NOTICE_BUGS = [
  bug(
    'a push without a notification of the app shows nothing',
    'service-worker/notice.ts',
    'return this.show(scope ? new URL(scope).hostname : this.host, { tag: plainTag(this.userId), silent: true });',
    'return Promise.resolve(void scope);',
  ),
  bug(
    'a notification of an unread message is closed',
    'engine/queries/settled-messages.ts',
    'return seq <= row.latestSeq && (isRead(conversation, message) || contains(uncounted, seq));',
    'return seq <= row.latestSeq;',
  ),
  bug(
    'a page closes no notification after a read',
    'engine/views/reads.ts',
    'if (marks.get(id) === mark) continue;',
    'if (marks.size >= 0) continue;',
  ),
  bug(
    'a notification shown after the read of its message stays',
    'service-worker/open-account.ts',
    'await closeRead(options, account.userId, writer);',
    '',
  ),
  bug(
    'a newer notification replaces those of other conversations',
    'service-worker/push.ts',
    'all.map((one) => one.conversationId === conversationId && one.seq < newest)',
    'all.map((one) => one.seq < newest)',
  ),
];
