/** Breaks of the row about encrypted texts (F139). */
import type { Break } from './breaks.ts';

const STORE = 'test/unit/store/sealed-store.test.ts';
const DEVICE = 'test/unit/engine/encryption.test.ts';

export const ENCRYPTION_BREAKS: readonly Break[] = [
  {
    fault: 'F139',
    file: 'src/store/sealed-row.ts',
    from: 'body|text|content',
    to: 'body|text',
    test: ['node', STORE, 'holds no text'],
  },
  {
    fault: 'F139',
    file: 'src/store/hold-transaction.ts',
    from: 'let isBusy = true as boolean;',
    to: 'let isBusy = false as boolean;',
    test: ['node', STORE, 'a slow cipher answers'],
  },
  {
    fault: 'F139',
    file: 'src/store/sealed-store.ts',
    from: 'const inOrder = (op: () => void): void => (written ? wait(op) : op());',
    to: 'const inOrder = (op: () => void): void => op();',
    test: ['node', STORE, 'a slow cipher answers'],
  },
  {
    fault: 'F139',
    file: 'src/store/sealed-store.ts',
    from: 'isOver = true;',
    to: '',
    test: ['node', STORE, 'fails while its texts are encrypted'],
  },
  {
    fault: 'F139',
    file: 'src/store/sealed-store.ts',
    from: "if (on || now?.on) tx.put('meta', CIPHER_KEY, next);",
    to: "if (on) tx.put('meta', CIPHER_KEY, next);",
    test: ['node', DEVICE, 'is switched on and off'],
  },
  {
    fault: 'F139',
    file: 'src/engine/account/log-out.ts',
    from: "if (!keepData) tx.delete('meta', CIPHER_KEY);",
    to: 'void CIPHER_KEY;',
    test: ['node', DEVICE, 'loses its key at a log-out'],
  },
  {
    fault: 'F139',
    file: 'src/store/sealed-store.ts',
    from: 'return wanted || stored.on;',
    to: 'return on;',
    test: ['node', STORE, 'switches nothing off'],
  },
  {
    fault: 'F139',
    file: 'src/store/sealed-store.ts',
    from: 'rows.key = stored.key;',
    to: '',
    test: ['node', STORE, 'keeps the key of the next row'],
  },
  {
    fault: 'F139',
    file: 'src/testing/virtual-device.ts',
    from: '        ports = await this.ports(tab.process, tab.events);',
    to: '',
    test: ['node', DEVICE, 'a tab encrypts with a key that the new store keeps'],
  },
  {
    fault: 'F139',
    file: 'src/engine/apply/apply-messages.ts',
    from: "draft.change({ t: 'dismiss', id: letter.id });",
    to: 'void letter;',
    test: ['node', DEVICE, 'shows a message once'],
  },
  {
    fault: 'F139',
    file: 'src/engine/write/writer.ts',
    from: 'if (hasLostTexts(writer.model)) await repairTexts(ports, writer);',
    to: 'void [hasLostTexts, repairTexts];',
    test: ['node', DEVICE, 'makes dead letters of unsent texts'],
  },
];
