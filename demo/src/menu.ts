/**
 * A menu at a button. Arrow keys move, Escape and a press elsewhere close the menu, and the focus goes back
 * to the button.
 */
import { h } from './dom.ts';
import { hang } from './hang.ts';

export interface MenuItem {
  readonly label: string;
  /** The effect of the item, in a few words. */
  readonly hint: string;
  choose(): void;
}

export const openMenu = (button: HTMLElement, label: string, items: readonly MenuItem[]): void => {
  const menu = h('div', { class: 'popup menu', role: 'menu', popover: 'auto', 'aria-label': label });
  const entries = items.map((item) =>
    h(
      'button',
      {
        type: 'button',
        role: 'menuitem',
        class: 'menu-item',
        tabindex: '-1',
        click: () => {
          menu.hidePopover();
          item.choose();
        },
      },
      h('span', { class: 'menu-label' }, item.label),
      h('span', { class: 'menu-hint' }, item.hint),
    ),
  );
  menu.append(...entries);
  const move = (by: number): void => {
    const at = entries.findIndex((entry) => entry === document.activeElement);
    entries.at((at + by) % entries.length)?.focus();
  };
  menu.addEventListener('keydown', (event) => {
    const keys: Record<string, () => void> = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      Home: () => entries.at(0)?.focus(),
      End: () => entries.at(-1)?.focus(),
      Tab: () => menu.hidePopover(),
    };
    const act = keys[event.key];
    if (!act) return;
    if (event.key !== 'Tab') event.preventDefault();
    act();
  });
  hang(menu, button);
  entries.at(0)?.focus();
};
