/** Builds a page from TypeScript: elements by name, and lists that keep their nodes. */

type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | boolean | ((event: Event) => void)>>;

const apply = (element: Element, attributes: Attributes): void => {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else element.toggleAttribute(name, value !== false);
    if (typeof value === 'string') element.setAttribute(name, value);
  }
};

/** Creates an element. A function among the attributes listens to the event of that name. */
export const h = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(tag);
  apply(element, attributes);
  element.append(...children.filter((child) => child !== null));
  return element;
};

/** Writes the text only if it differs, so a screen reader announces only changes. */
export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text;
};

/** Creates text for screen readers only. */
export const hidden = (text: string): HTMLElement => h('span', { class: 'visually-hidden' }, text);

export interface Row<T> {
  readonly node: HTMLElement;
  update(item: T): void;
}

/**
 * Notes presses on a list. A browser gives a click only to an element that is under the pointer at both ends of the press.
 *
 * @param released called after the click.
 * @returns whether the pointer presses the list now.
 */
const notePresses = (list: HTMLElement, released: () => void): (() => boolean) => {
  let isPressed = false;
  const release = (): void => {
    for (const end of ['pointerup', 'pointercancel']) removeEventListener(end, release);
    setTimeout(() => {
      isPressed = false;
      released();
    });
  };
  list.addEventListener('pointerdown', ({ button, ctrlKey }) => {
    // A press for a context menu may have no end.
    if (button !== 0 || ctrlKey) return;
    isPressed = true;
    for (const end of ['pointerup', 'pointercancel']) addEventListener(end, release);
  });
  return () => isPressed;
};

/**
 * Shows a list under `parent`. Each key has one row, which is created once, updated afterwards, and moved
 * only if its position is wrong. During a press the list stands still: the press means the row that the user sees.
 */
export const keyedList = <T>(
  parent: HTMLElement,
  keyOf: (item: T) => string,
  create: (item: T) => Row<T>,
): ((items: readonly T[]) => void) => {
  const rows = new Map<string, Row<T>>();
  let later: readonly T[] | null = null;
  const isPressed = notePresses(parent, () => {
    if (later) show(later);
  });
  const show = (items: readonly T[]): void => {
    later = isPressed() ? items : null;
    if (later) return;
    const focused = document.activeElement;
    const kept = new Set(items.map(keyOf));
    for (const [key, row] of rows) {
      if (kept.has(key)) continue;
      row.node.remove();
      rows.delete(key);
    }
    items.forEach((item, index) => {
      const key = keyOf(item);
      const row = rows.get(key) ?? create(item);
      rows.set(key, row);
      row.update(item);
      const present = parent.children[index];
      if (present !== row.node) parent.insertBefore(row.node, present ?? null);
    });
    // A node that moves loses the focus, so the focus is set again.
    if (focused instanceof HTMLElement && focused !== document.activeElement && parent.contains(focused)) focused.focus();
  };
  return show;
};

export const prefersStillness = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
