/** The inside of a phone's client, in a dialog. The panel is loaded at the first press, and asks nothing after the dialog has closed. */
import type { ReceiptClient } from 'tidemark';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import { person, type PhoneOwner } from './people.ts';

const openInspector = async (owner: PhoneOwner, client: ReceiptClient): Promise<void> => {
  const { createInspector } = await import('tidemark/inspector');
  const { name } = person(owner);
  const panel = createInspector(client);
  const dialog = h(
    'dialog',
    { class: 'inspecting', 'aria-label': `Inside ${name}’s client` },
    h(
      'div',
      { class: 'inspecting-bar' },
      h('a', { href: `/inspector.html?account=${owner}`, target: '_blank' }, 'Open in a tab of its own'),
      h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', click: () => dialog.close() }, icon('close')),
    ),
    panel,
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
};

export const inspectButton = (owner: PhoneOwner, client: ReceiptClient): HTMLElement =>
  h(
    'button',
    {
      type: 'button',
      class: 'icon-button tray-look',
      'aria-label': `Inspect ${person(owner).name}’s client`,
      title: 'Inspect the client',
      click: () => void openInspector(owner, client),
    },
    icon('eye'),
  );
