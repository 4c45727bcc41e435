// Bugs on purpose in encrypted texts, their key, and what happens when the key is lost; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const ENCRYPTION_BUGS = [
  bug(
    'encryption: a list of texts is written in the clear',
    'store/sealed-store.ts',
    "(typeof record === 'string' && cipher.seal(record)) || record",
    "(typeof record === 'string' && !record.startsWith('[') && cipher.seal(record)) || record",
  ),
  bug(
    'encryption: the first paint keeps the last messages',
    'store/sealed-store.ts',
    'on && keys[0] === PAINT_KEY ?',
    '!on && keys[0] === PAINT_KEY ?',
  ),
  bug('encryption: the text of a pending receipt is left in the clear', 'store/sealed-row.ts', '(?:body|text|content)', '(?:body|content)'),
  bug('encryption: the text of a heard receipt is left in the clear', 'store/sealed-row.ts', '(?:body|text|content)', '(?:body|text)'),
  bug('encryption: the key stays after a log-out', 'engine/account/log-out.ts', "if (!keepData) tx.delete('meta', CIPHER_KEY);", ''),
  bug(
    'encryption: a host without a page goes on in the clear after a page has switched encryption on',
    'store/sealed-store.ts',
    'return wanted || stored.on;',
    'return on || (wanted === false && stored.on);',
  ),
  bug(
    'encryption: a page without encryption goes on in the clear after another page has switched encryption on',
    'store/sealed-store.ts',
    'return wanted || stored.on;',
    'return on || (wanted === undefined && stored.on);',
  ),
  bug(
    'encryption: a page without encryption switches off what a later page has switched on',
    'store/rewrite-texts.ts',
    'if (now?.on !== on || now.done) return false;',
    "if (!now || (on && !now.on) || (now.on === on && now.done)) return false;\n      if (!on && now.on) tx.put('meta', CIPHER_KEY, { ...now, on });",
  ),
  bug(
    'encryption: the same nonce stands before every text',
    'store/web-cipher.ts',
    'web.getRandomValues(new Uint8Array(NONCE_BYTES))',
    'new Uint8Array(NONCE_BYTES)',
  ),
  bug(
    'encryption: switching it off loses the rows',
    'store/rewrite-texts.ts',
    'if (next) tx.put(table, key, next);',
    'if (isSealed(next)) tx.put(table, key, next); else if (next) tx.delete(table, key);',
  ),
  bug('encryption: the rows from before the switch stay as they were', 'store/rewrite-texts.ts', 'await pass(true);', 'await pass(false);'),
  bug(
    'encryption: an unsent message whose text is lost is dropped in silence',
    'engine/write/repair-texts.ts',
    "rejected(ports, entry as MessageEntry, 'store/unreadable');\n};",
    "[{ t: 'end', key: entry.key, end: 'superseded' }];\n};",
  ),
  bug(
    'encryption: messages whose texts are lost are not fetched again',
    'engine/write/repair-pages.ts',
    "page ?? tx.delete('indexes', doubtful[i]!)",
    'page',
  ),
  bug(
    'encryption: a message that the server has taken stays a dead letter',
    'engine/apply/apply-messages.ts',
    "draft.change({ t: 'dismiss', id: letter.id });",
    'void letter;',
  ),
];
