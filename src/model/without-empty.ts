/**
 * Whether a value says nothing: 0, null, an empty list, or an object of such values, as a flag that was never changed. A field that is absent
 * says the same, so stored rows and frames leave such fields out.
 */
export const isEmpty = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return !value;
  if (Array.isArray(value)) return value.length === 0;
  // A loop makes no list of the fields: a compaction looks at the rows of all conversations.
  for (const key in value) if (!isEmpty(value[key as keyof typeof value])) return false;
  return true;
};

/** A copy without the empty fields. */
export const withoutEmpty = <T extends object>(whole: T): { [K in keyof T]?: NonNullable<T[K]> } => {
  const copy: { [K in keyof T]?: NonNullable<T[K]> } = {};
  for (const key in whole) {
    const value = whole[key];
    if (!isEmpty(value)) copy[key] = value as NonNullable<typeof value>;
  }
  return copy;
};
