/** A menu that hangs from a button: arrow keys move, Escape and a press elsewhere close it, the focus goes back to the button. */
import { h } from './dom.ts';

export interface MenuItem {
  readonly label: string;
  /** What it does, in a few words. */
  readonly hint: string;
  choose(): void;
}

const place = (menu: HTMLElement, button: HTMLElement): void => {
  const from = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = from.bottom + 6 + height <= innerHeight;
  menu.style.left = `${Math.max(8, Math.min(from.right - width, innerWidth - width - 8))}px`;
  menu.style.top = `${below ? from.bottom + 6 : Math.max(8, from.top - height - 6)}px`;
};

export const openMenu = (button: HTMLElement, label: string, items: readonly MenuItem[]): void => {
  const menu = h('div', { class: 'menu', role: 'menu', popover: 'auto', 'aria-label': label });
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
  menu.addEventListener('toggle', (event) => {
    if (event.newState !== 'closed') return;
    button.setAttribute('aria-expanded', 'false');
    menu.remove();
  });
  // Inside the phone, so that touching its menu is touching the phone.
  (button.closest('.phone') ?? document.body).append(menu);
  button.setAttribute('aria-expanded', 'true');
  menu.showPopover();
  place(menu, button);
  entries.at(0)?.focus();
};
