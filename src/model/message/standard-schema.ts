/**
 * The form of a schema that many libraries share: Zod, Valibot, ArkType and others. Copied from https://standardschema.dev, as that page
 * proposes, so the package needs no other package for it.
 */

/** A schema of the Standard Schema form. */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** The members of the standard; the vendor documents them: https://standardschema.dev. */
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The answer of a schema: a value, or issues. `value` is the body, `issues` says what does not fit. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

/** What does not fit in a body. */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** The place in the body: each step is a name, or has it in `key`. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
