/**
 * Notifications of both phones. The demo's server sends its pushes over an event stream; this page holds them as long as a phone is in
 * aeroplane mode, and hands them to the service worker, as a push service would.
 */
import { combineLatest, map } from 'rxjs';
import type { ReceiptClient, UserId } from 'tidemark';
import { createSwitch } from './switch.ts';
import { inHand$ } from './view-state.ts';

/** False under Vite's dev server, which builds no service worker. */
declare const DEMO_IS_BUILT: boolean;

const KEY = 'tidemark-demo:notify';
const isPossible = DEMO_IS_BUILT && 'serviceWorker' in navigator && 'Notification' in globalThis;

/** The pushes of one account, held while it may not get them. */
const startHolding = (client: ReceiptClient): ((push: string) => void) => {
  let held: string[] = [];
  let look = { paused: false, inHand: false };
  const deliver = async (push: string): Promise<void> => {
    const { active } = await navigator.serviceWorker.ready;
    active?.postMessage({ push });
  };
  combineLatest([client.watchConnection().pipe(map(({ paused }) => paused)), inHand$]).subscribe(([paused, holder]) => {
    look = { paused, inHand: holder === client.userId };
    if (!paused) for (const push of held.splice(0)) void deliver(push);
  });
  return (push) => {
    if (look.paused) held = [...held, push].slice(-20);
    // The phone in the hand shows its messages itself, unless the user looks at another window.
    else if (!look.inHand || document.hidden) void deliver(push);
  };
};

/** The switch: on while pushes can arrive. The user's choice is in force over a reload, as long as the browser's permission is. */
export const startNotifying = (clients: readonly ReceiptClient[]): HTMLElement => {
  let stream: EventSource | undefined;
  const phones = new Map<UserId, (push: string) => void>();
  const turn = async (on: boolean): Promise<void> => {
    const isAllowed = on && isPossible && (await Notification.requestPermission()) === 'granted';
    stream?.close();
    notify.show(false);
    try {
      localStorage.setItem(KEY, isAllowed ? 'on' : 'off');
    } catch {
      // Without storage the switch is off after a reload.
    }
    if (!isAllowed) return;
    stream = new EventSource('/dev/pushes');
    stream.onmessage = ({ data }: MessageEvent<string>) => phones.get((JSON.parse(data) as { readonly userId: UserId }).userId)?.(data);
    // Without a connection the server has nowhere to send a push. The browser connects again by itself.
    stream.onopen = () => notify.show(true);
    stream.onerror = () => notify.show(false);
  };
  const notify = createSwitch('Notify', null, turn);
  notify.node.setAttribute('aria-label', 'Notifications of the phone in the pocket');
  notify.node.disabled = !isPossible;
  if (!isPossible) notify.node.title = 'Notifications need the built demo and a browser with service workers';
  else for (const client of clients) phones.set(client.userId, startHolding(client));
  let wasOn = false;
  try {
    wasOn = localStorage.getItem(KEY) === 'on';
  } catch {
    // As above.
  }
  if (wasOn && isPossible && Notification.permission === 'granted') void turn(true);
  return notify.node;
};
