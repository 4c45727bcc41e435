export type Aim = 'fragments' | 'indefinite' | 'pronouns';
export interface Figures extends Record<Aim, number> {
  readonly comments: number;
  /** Texts that open as a fragment or name no actor. */
  readonly shown: readonly string[];
}
export const AIMS: Readonly<Record<Aim, number>>;
export const commentsOf: (text: string) => string[];
export const titlesOf: (text: string) => string[];
export const measure: (comments: readonly string[]) => Figures;
export const exceeded: (figures: Figures) => Aim[];
