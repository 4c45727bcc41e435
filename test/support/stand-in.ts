/** A stand-in for a vendor's server, for the vendor's own SDK. */
export interface StandIn {
  readonly port: number;
  /** Ends all connections and refuses new ones, until `heal`. */
  cut(): void;
  heal(): void;
  close(): Promise<void>;
}
