/** The progress of a replay. */
export interface Progress {
  readonly lines: number;
  readonly ofLines: number;
  readonly messages: number;
  readonly ofMessages: number;
  readonly online: number;
  readonly kills: number;
  readonly cuts: number;
}
