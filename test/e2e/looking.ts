/** A page with or without the focus, and an open conversation in it. */
import type { ConversationId } from '../../src/model/ids.ts';
import type { Device } from './world.ts';

/** Gives the window the focus, or takes the focus away. */
export const focus = (device: Device, focused: boolean): Promise<void> =>
  device.page.evaluate((has) => {
    document.hasFocus = () => has;
    dispatchEvent(new Event(has ? 'focus' : 'blur'));
  }, focused);

/** Opens a conversation for reading while the page has the focus. The view is at `window.viewing`. */
export const view = (device: Device, chat: ConversationId): Promise<void> =>
  device.page.evaluate((id) => {
    Object.assign(window, { viewing: window.app.client.viewConversation(id) });
  }, chat);
