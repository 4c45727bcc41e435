/**
 * Popovers at a button. Escape and a press elsewhere close a popover, and the focus goes back to the button.
 */

const place = (node: HTMLElement, context: Element): void => {
  const from = context.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = node;
  const below = from.bottom + 6 + height <= innerHeight;
  node.style.left = `${Math.max(8, Math.min(from.right - width, innerWidth - width - 8))}px`;
  node.style.top = `${below ? from.bottom + 6 : Math.max(8, from.top - height - 6)}px`;
};

export interface Hanging {
  /** The element that the popover must not cover. Default: the button. */
  readonly context?: Element | null;
  closed?(): void;
}

/** Shows a popover and removes it when it closes. */
export const hang = (node: HTMLElement, button: HTMLElement, { context, closed }: Hanging = {}): void => {
  let hadFocus = false;
  node.addEventListener('beforetoggle', () => (hadFocus = node.contains(document.activeElement)));
  node.addEventListener('toggle', (event) => {
    if (event.newState !== 'closed') return;
    // Browsers give the focus back, but not from a popover inside another popover.
    const { activeElement } = document;
    if (hadFocus && (activeElement === document.body || node.contains(activeElement))) button.focus();
    button.setAttribute('aria-expanded', 'false');
    node.remove();
    closed?.();
  });
  // The popover is inside the phone, so a press on it takes the phone in hand; inside an open popover, so
  // that one stays open.
  (button.closest('[popover], .phone') ?? document.body).append(node);
  button.setAttribute('aria-expanded', 'true');
  node.showPopover();
  place(node, context ?? button);
};
