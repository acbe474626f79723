/** One line for `ip -batch`, and for whom it is. */
export interface Change {
  readonly line: string;
  readonly owner: string;
}
