/** One text in `src` in place of another. */
export interface Bug {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The program that must find the bug; by default the simulator. */
  readonly main?: string;
}
export const BUGS: readonly Bug[];
