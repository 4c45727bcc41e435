/**
 * Loads the worker's script. Its address is in the name of this worker: a service worker that answers with a stored file takes the hash off
 * this script's own address. Chromium keeps the compiled code of
 * a dynamic import in a worker, and of no other script there: each start would compile the worker's script again.
 */
const early: unknown[] = [];
const hold = (event: MessageEvent): void => {
  // The worker's script may listen already, and must not get this message twice.
  event.stopImmediatePropagation();
  early.push(event.data);
};

const load = async (): Promise<void> => {
  const [, name] = /^tidemark (.+)$/.exec(self.name) ?? [];
  if (name === undefined) throw new Error('the name of this worker holds no address of a script');
  const address = new URL(name, self.location.href);
  // A link to this script must not start a script of another site.
  if (address.origin !== self.location.origin) throw new Error(`another origin: ${address.href}`);
  // The page posts its first messages at once.
  self.addEventListener('message', hold);
  await import(/* @vite-ignore */ address.href);
  self.removeEventListener('message', hold);
  for (const data of early) self.dispatchEvent(new MessageEvent('message', { data }));
};

load().catch((error: unknown) => {
  // The page gets an error event for an error in a task, and none for a rejected promise.
  setTimeout(() => {
    throw error;
  });
});
