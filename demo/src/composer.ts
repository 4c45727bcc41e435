/**
 * The line to write in. In a group it has a switch for receipts, because the library asks for receipts in
 * groups only on request.
 */
import { h, hidden } from './dom.ts';
import { icon } from './icons.ts';
import { createSwitch } from './switch.ts';

export interface Written {
  readonly text: string;
  /** Undefined in direct chats, which ask for receipts by default. */
  readonly requestReceipt?: boolean;
}

/** The groups in which the switch is off, while the page is open. */
const notAsking = new Set<string>();

/**
 * @param group the key under which the page remembers the switch; null in direct chats, which have no switch.
 */
export const createComposer = (name: string, group: string | null, send: (written: Written) => void): HTMLFormElement => {
  const input = h('input', {
    class: 'composer-input',
    name: 'text',
    type: 'text',
    autocomplete: 'off',
    enterkeyhint: 'send',
    maxlength: '1000',
    placeholder: `Write to ${name}`,
    'aria-label': `Write to ${name}`,
  });
  const line = h(
    'div',
    { class: 'composer-line' },
    input,
    h('button', { type: 'submit', class: 'icon-button send' }, icon('send'), hidden('Send')),
  );
  const form = h('form', { class: 'composer' });
  if (group !== null) {
    const ask = createSwitch('Ask for receipts', 'ticks', (on) => {
      if (on) notAsking.delete(group);
      else notAsking.add(group);
      ask.show(on);
      return Promise.resolve();
    });
    ask.node.classList.add('composer-ask');
    ask.show(!notAsking.has(group));
    form.append(ask.node);
  }
  form.append(line);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === '') return;
    input.value = '';
    send(group === null ? { text } : { text, requestReceipt: !notAsking.has(group) });
  });
  return form;
};
