/** The names in which the two phones are written: Tidemark's own, or those of a vendor. Kept over a reload. */
import { h } from '../dom.ts';

export const NAMES = {
  tidemark: 'Tidemark',
  easemob: 'Easemob Web',
  'easemob-flutter': 'Easemob Flutter',
  tencent: 'Tencent Chat',
  zim: 'ZEGO ZIM',
} as const;

export type Names = keyof typeof NAMES;
export type VendorNames = Exclude<Names, 'tidemark'>;

const KEY = 'tidemark-demo:names';

export const isNames = (value: unknown): value is Names => typeof value === 'string' && Object.hasOwn(NAMES, value);

export const chosenNames = (): Names => {
  try {
    const kept = localStorage.getItem(KEY);
    return isNames(kept) ? kept : 'tidemark';
  } catch {
    return 'tidemark';
  }
};

/** Adds the choice to `parent`. A change starts the page again, because two of the vendors allow one client in a page. */
export const startNamesPicker = (parent: HTMLElement): void => {
  const select = h(
    'select',
    { class: 'names-select', id: 'names' },
    ...Object.entries(NAMES).map(([value, label]) => h('option', { value, selected: value === chosenNames() }, label)),
  );
  select.addEventListener('change', () => {
    try {
      localStorage.setItem(KEY, select.value);
    } catch {
      // Without storage, the phones keep Tidemark's names.
    }
    location.reload();
  });
  parent.append(h('label', { class: 'names-label', for: 'names' }, 'The phones are written for'), select);
};
