/** A page that is looked at, or not, and a conversation open in it. */
import type { ConversationId } from '../../src/model/ids.ts';
import type { Device } from './world.ts';

/** As when the window loses or gets the focus. */
export const focus = (device: Device, focused: boolean): Promise<void> =>
  device.page.evaluate((has) => {
    document.hasFocus = () => has;
    dispatchEvent(new Event(has ? 'focus' : 'blur'));
  }, focused);

/** Opens a conversation to be read by looking; it is at `window.viewing`. */
export const view = (device: Device, chat: ConversationId): Promise<void> =>
  device.page.evaluate((id) => {
    Object.assign(window, { viewing: window.app.client.viewConversation(id) });
  }, chat);
