/** Something that hangs from a button: Escape and a press elsewhere close it, the focus goes back to the button. */

const place = (node: HTMLElement, context: Element): void => {
  const from = context.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = node;
  const below = from.bottom + 6 + height <= innerHeight;
  node.style.left = `${Math.max(8, Math.min(from.right - width, innerWidth - width - 8))}px`;
  node.style.top = `${below ? from.bottom + 6 : Math.max(8, from.top - height - 6)}px`;
};

export interface Hanging {
  /** What it must not cover. Default: the button. */
  readonly context?: Element | null;
  closed?(): void;
}

/** Shows a popover and removes it when it closes. */
export const hang = (node: HTMLElement, button: HTMLElement, { context, closed }: Hanging = {}): void => {
  let hadFocus = false;
  node.addEventListener('beforetoggle', () => (hadFocus = node.contains(document.activeElement)));
  node.addEventListener('toggle', (event) => {
    if (event.newState !== 'closed') return;
    // Browsers give the focus back themselves, but not from a popover inside another.
    const { activeElement } = document;
    if (hadFocus && (activeElement === document.body || node.contains(activeElement))) button.focus();
    button.setAttribute('aria-expanded', 'false');
    node.remove();
    closed?.();
  });
  // Inside the phone, so that touching it is touching the phone; inside what is open already, so that this stays open.
  (button.closest('[popover], .phone') ?? document.body).append(node);
  button.setAttribute('aria-expanded', 'true');
  node.showPopover();
  place(node, context ?? button);
};
