/**
 * The packet and connection mark, 32 bits:
 *
 *     ssssssss ssssssss pppppppp pppprrrr
 *     service index     peer index   role
 *
 * The role is one bit: 1 goes to Pegasus (then all else is zero), 2 came in at an entry, 4 may leave at an exit,
 * 8 is refused. One routing rule a peer looks at the peer index alone.
 */

export const TPROXY_MARK = 0x1;
export const ENTRY_ROLE = 0x2;
export const EXIT_ROLE = 0x4;
export const REFUSE_ROLE = 0x8;
export const PEER_MASK = 0x0000fff0;

export const MAX_PEER_INDEX = 0xfff;
export const MAX_SERVICE_INDEX = 0xffff;

export function serviceMark(serviceIndex: number, peerIndex: number, role: number): number {
  return serviceIndex * 0x10000 + peerIndex * 0x10 + role;
}

export const peerMark = (peerIndex: number): number => peerIndex * 0x10;

export const markText = (mark: number): string => `0x${mark.toString(16).padStart(8, "0")}`;
