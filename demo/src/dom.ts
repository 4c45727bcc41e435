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
 * Shows a list under `parent`. Each key has one row, which is created once, updated afterwards, and moved
 * only if its position is wrong.
 */
export const keyedList = <T>(
  parent: HTMLElement,
  keyOf: (item: T) => string,
  create: (item: T) => Row<T>,
): ((items: readonly T[]) => void) => {
  const rows = new Map<string, Row<T>>();
  return (items) => {
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
};

export const prefersStillness = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
