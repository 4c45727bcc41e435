/** What a provider says so that Vitest runs its engine beside the other engines. Vitest asks for a mocker too, and no browser suite mocks a module. */
const refuse = (): Promise<never> => Promise.reject(new Error('this engine mocks no modules'));

export const besideOthers = {
  supportsParallelism: true,
  mocker: { register: refuse, delete: refuse, clear: () => Promise.resolve() },
};
