/** A request's headers, by their lower-case names. */
export interface RequestHeaders {
  get(name: string): string | null;
}
