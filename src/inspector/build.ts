/** Builds and updates elements without HTML from text: the panel runs under Trusted Types and shows every text as it is. */

export type Child = Node | string;

export const h = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const SVG = 'http://www.w3.org/2000/svg';

/** A stroked path on a square of 32. */
export const drawing = (name: string, ...paths: string[]): SVGSVGElement => {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.setAttribute('class', name);
  svg.setAttribute('aria-hidden', 'true');
  for (const d of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
};

/** Writes a text only if it differs: a selection in an unchanged text stays, and a screen reader hears only news. */
export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text;
};

/** A cell: its text, or its text with a kind for the style. */
export type Cell = string | { readonly text: string; readonly kind: string };

/** The elements of a row and of its cells. */
export type RowForm = 'tr td' | 'li span' | 'div dt dd';

/** Shows rows of cells under `parent`. Rows that stay keep their nodes. */
export const setRows = (parent: Element, form: RowForm, rows: readonly (readonly Cell[])[]): void => {
  const [row, ...columns] = form.split(' ') as ['div', ...('dt' | 'dd')[]];
  while (parent.children.length > rows.length) parent.lastElementChild!.remove();
  rows.forEach((cells, at) => {
    const node = parent.children[at] ?? parent.appendChild(h(row));
    cells.forEach((one, column) => {
      const { text, kind } = typeof one === 'string' ? { text: one, kind: '' } : one;
      const shown = node.children[column] ?? node.appendChild(h(columns[column] ?? columns[0]!));
      setText(shown, text);
      if ((shown.getAttribute('data-kind') ?? '') !== kind) shown.setAttribute('data-kind', kind);
    });
  });
};

/** A table with these columns, for {@link setRows} on its body. */
export const table = (label: string, columns: readonly string[]): { readonly node: HTMLElement; readonly body: HTMLElement } => {
  const body = h('tbody');
  const head = h('tr', {}, ...columns.map((name) => h('th', { scope: 'col' }, name)));
  const node = h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
    h('table', {}, h('thead', {}, head), body),
  );
  return { node, body };
};

/** A part of the panel with a heading. */
export const card = (name: string, title: string, ...children: Child[]): HTMLElement =>
  h('section', { class: `card ${name}`, 'aria-labelledby': name }, h('h2', { id: name }, title), ...children);
