/** The line to write in; in a group with a switch beside it, since there the library asks for receipts only when told to. */
import { h, hidden } from './dom.ts';
import { icon } from './icons.ts';
import { createSwitch } from './switch.ts';

export interface Written {
  readonly text: string;
  /** Undefined in direct chats: as the library does by itself. */
  readonly requestReceipt?: boolean;
}

/** Groups in which this page's people do not ask; kept while the page is open. */
const notAsking = new Set<string>();

/** @param group by what to remember the switch; null in direct chats, which have none. */
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
