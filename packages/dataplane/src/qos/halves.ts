/** How a service's one limit is shared by what Pegasus carries and what the tunnel does. Bits per second throughout. */

export interface Halves {
  readonly tcp: number;
  readonly tunnel: number;
}

/** Each may have what the other leaves, and is sure of half: with both at it the two meet there. */
export function halvesOf(limit: number, used: Halves): Halves {
  const half = limit / 2;
  return {
    tcp: Math.min(limit, Math.max(half, limit - used.tunnel)),
    tunnel: Math.min(limit, Math.max(half, limit - used.tcp)),
  };
}
