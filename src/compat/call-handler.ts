/** Calls a handler of the app. An error in it does not reach the other handlers; the browser reports the error as uncaught. */
export const callHandler = (call: () => void): void => {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
};
