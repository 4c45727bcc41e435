/** For a page, a frame is the nearest to a second tab: a realm of its own. The page ends the frame like a reload ends a page. */
import { expect } from 'vitest';
import { FRAME_SCRIPTS } from '../support/frame-scripts.ts';
import { stretched } from './backend.ts';

export interface Frame<T> {
  readonly window: Window & T;
  remove(): void;
}

/**
 * Opens a frame and waits until its script has set `name` on its window.
 *
 * @param script path from the root of the repository.
 * @param policy the frame's Content-Security-Policy. Default: that of the page.
 */
export const openFrame = async <T extends object>(script: string, name: keyof T & string, policy = ''): Promise<Frame<T>> => {
  const frame = document.createElement('iframe');
  // The full path, so that the frame has the origin of the page: storage, locks and hints are shared by origin.
  const meta = policy && `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  frame.srcdoc = `<!doctype html>${meta}<script type="module" src="${FRAME_SCRIPTS}${script}"></script>`;
  document.body.append(frame);
  await expect.poll(() => name in (frame.contentWindow ?? {}), { timeout: await stretched(20_000) }).toBe(true);
  return { window: frame.contentWindow as Window & T, remove: () => frame.remove() };
};
