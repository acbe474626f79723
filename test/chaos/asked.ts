/** How often, and by which seed. */
export interface Asked {
  readonly kills: number;
  readonly seed: number;
}
