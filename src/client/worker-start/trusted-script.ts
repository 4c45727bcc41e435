/** Addresses of the worker's script for pages with Trusted Types. */

/** The policy's name; a page's Content-Security-Policy allows it by `trusted-types tidemark`. */
export const POLICY_NAME = 'tidemark';

interface Policy {
  createScriptURL(url: string): string;
}

interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

const AS_IT_IS: Policy = { createScriptURL: (url) => url };

const createPolicy = (): Policy => {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  try {
    return trustedTypes?.createPolicy(POLICY_NAME, AS_IT_IS) ?? AS_IT_IS;
  } catch {
    // The page forbids the policy. A default policy of the page may still accept the address.
    return AS_IT_IS;
  }
};

/** One policy for the whole page: browsers refuse a second policy of the same name. */
let policy: Policy | undefined;

/** @returns the argument for `new Worker`: a `TrustedScriptURL` in browsers with Trusted Types, typed as a string. */
export const trustedScript = (url: string): string => (policy ??= createPolicy()).createScriptURL(url);
