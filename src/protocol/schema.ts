/**
 * Schemas of values from the wire: what a value must be, and where it is something else. The type of each frame is derived from its schema.
 * A schema reads a value and never changes it. It carries its parts as data, so that a test can compare two versions of the wire.
 */

/** The first thing that is wrong with a value. */
export interface Fault {
  /** The keys and places that lead to it; empty for the value itself. */
  readonly path: readonly (string | number)[];
  /** What belongs there. */
  readonly rule: string;
}

/** What a value of the type `T` must be. */
export interface Schema<T> {
  /** The first thing that is wrong with a value; `undefined` if the value fits. */
  readonly faultIn: (value: unknown) => Fault | undefined;
  /** Never set: it carries the type of the values that fit. */
  readonly fits?: T;
}

/** The type of the values that fit a schema. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

type Fields = Readonly<Record<string, Schema<unknown>>>;
type Flat<T> = { [K in keyof T]: T[K] };
type Fitting<F extends Fields> = Flat<
  { -readonly [K in keyof F as undefined extends Infer<F[K]> ? never : K]: Infer<F[K]> } & {
    -readonly [K in keyof F as undefined extends Infer<F[K]> ? K : never]?: Infer<F[K]>;
  }
>;

/** An object, and the schemas of its fields. */
export interface ObjectSchema<F extends Fields> extends Schema<Fitting<F>> {
  /** The schema of each field. */
  readonly fields: F;
  /** Whether other keys are refused. */
  readonly isStrict: boolean;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const faultOf = (rule: string): Fault => ({ path: [], rule });
const below = (key: string | number, fault: Fault): Fault => ({ path: [key, ...fault.path], rule: fault.rule });

/** Says where a value breaks its schema, and what belongs there. `whole` names the value itself. */
export const sayFault = ({ path, rule }: Fault, whole: string): string => `${path.join('.') || whole}: ${rule}`;

/** A value that passes a check. `rule` says what the check asks for. */
export const custom = <T>(check: (value: unknown) => boolean, rule: string): Schema<T> & { readonly rule: string } => ({
  rule,
  faultIn: (value) => (check(value) ? undefined : faultOf(rule)),
});

export const boolean = (): Schema<boolean> => custom((value) => typeof value === 'boolean', 'true or false');

/** A text of at least `least` and at most `most` UTF-16 code units. */
export const string = (least = 0, most = Infinity): Schema<string> =>
  custom(
    (value) => typeof value === 'string' && value.length >= least && value.length <= most,
    most === Infinity ? 'a text' : `a text of ${least} to ${most} characters`,
  );

/** One value. */
export const literal = <const T>(value: T): Schema<T> & { readonly literal: T } => ({
  literal: value,
  ...custom<T>((seen) => seen === value, JSON.stringify(value)),
});

/** One of some texts. */
export const picklist = <const T extends readonly string[]>(options: T): Schema<T[number]> & { readonly options: T } => ({
  options,
  ...custom<T[number]>((value) => options.includes(value as string), `one of ${options.join(', ')}`),
});

/** A value that may be `null`. */
export const nullable = <T>(nullable: Schema<T>): Schema<T | null> & { readonly nullable: Schema<T> } => ({
  nullable,
  faultIn: (value) => (value === null ? undefined : nullable.faultIn(value)),
});

/** A field that may be absent. */
export const optional = <T>(optional: Schema<T>): Schema<T | undefined> & { readonly optional: Schema<T> } => ({
  optional,
  faultIn: (value) => (value === undefined ? undefined : optional.faultIn(value)),
});

/** A list of at least `least` and at most `most` items. */
export const array = <T>(item: Schema<T>, least = 0, most = Infinity): Schema<T[]> & { readonly item: Schema<T> } => {
  const rule = most === Infinity ? 'a list' : `a list of ${least} to ${most}`;
  const list = custom<T[]>((value) => Array.isArray(value) && value.length >= least && value.length <= most, rule);
  const faultIn = (value: unknown): Fault | undefined => {
    const fault = list.faultIn(value);
    if (fault) return fault;
    for (const [place, one] of (value as unknown[]).entries()) {
      const within = item.faultIn(one);
      if (within) return below(place, within);
    }
    return undefined;
  };
  return { ...list, item, faultIn };
};

/** An object whose other keys are left alone. */
export const looseObject = <F extends Fields>(fields: F): ObjectSchema<F> => {
  const schemas = Object.entries(fields);
  const faultIn = (value: unknown): Fault | undefined => {
    if (!isObject(value)) return faultOf('an object');
    for (const [key, schema] of schemas) {
      const fault = schema.faultIn(value[key]);
      if (fault) return below(key, fault);
    }
    return undefined;
  };
  return { fields, isStrict: false, faultIn };
};

/** An object without other keys. */
export const strictObject = <F extends Fields>(fields: F): ObjectSchema<F> => {
  const loose = looseObject(fields);
  const faultIn = (value: unknown): Fault | undefined => {
    const fault = loose.faultIn(value);
    const unknown = fault ? undefined : Object.keys(value as object).find((key) => !Object.hasOwn(fields, key));
    return unknown === undefined ? fault : below(unknown, faultOf('an unknown key'));
  };
  return { ...loose, isStrict: true, faultIn };
};

/** One of some objects, told apart by the literal of one field. */
export const variant = <
  K extends string,
  const O extends readonly ObjectSchema<Record<K, Schema<unknown> & { readonly literal: string }>>[],
>(
  key: K,
  options: O,
): Schema<Infer<O[number]>> & { readonly key: K; readonly options: O } => ({
  key,
  options,
  faultIn: (value) => {
    const option = isObject(value) && options.find(({ fields }) => fields[key].literal === value[key]);
    return option ? option.faultIn(value) : below(key, faultOf(`one of ${options.map(({ fields }) => fields[key].literal).join(', ')}`));
  },
});

/** A value that fits a schema and also passes a check. */
export const refine = <T>(refined: Schema<T>, check: (value: T) => boolean, rule: string): Schema<T> & { readonly refined: Schema<T> } => ({
  refined,
  ...custom<T>((value) => check(value as T), rule),
  faultIn: (value) => refined.faultIn(value) ?? (check(value as T) ? undefined : faultOf(rule)),
});
