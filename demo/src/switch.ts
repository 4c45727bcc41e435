/** A switch that shows the state in force: it turns when the change is durable, not when it is pressed. */
import { h } from './dom.ts';
import { icon, type IconName } from './icons.ts';

export interface Switch {
  readonly node: HTMLButtonElement;
  show(on: boolean): void;
}

/**
 * @param label the text beside the switch; the part after a `|` is left out on a narrow screen.
 * @param act makes the change; it must show its own failures.
 */
export const createSwitch = (label: string, name: IconName | null, act: (on: boolean) => Promise<void>): Switch => {
  const [short = '', rest = ''] = label.split('|');
  const node = h(
    'button',
    { type: 'button', class: 'switch', role: 'switch', 'aria-checked': 'false' },
    h('span', { class: 'switch-label' }, short, h('span', { class: 'wide-only' }, rest)),
    h('span', { class: 'switch-track', 'aria-hidden': 'true' }, h('span', { class: 'switch-thumb' }, ...(name ? [icon(name)] : []))),
  );
  node.addEventListener('click', () => {
    if (node.getAttribute('aria-busy') === 'true') return;
    node.setAttribute('aria-busy', 'true');
    void act(node.getAttribute('aria-checked') !== 'true').finally(() => node.removeAttribute('aria-busy'));
  });
  return { node, show: (on) => node.setAttribute('aria-checked', String(on)) };
};
