/** The host owner's own word on what an exit may reach. */
export interface ExitPolicy {
  /** Lifts the ban on the host's own addresses. */
  readonly allowHost: readonly { readonly cidr: string; readonly protocol?: string; readonly port?: number }[];
  /** Where set, the only destinations let out. */
  readonly allow: readonly string[];
  /** Where set, the only sources let out. */
  readonly sources: readonly string[];
}
