"""Section 8: what is computed from the records."""

from . import ids

TOLERANCE_MS = 5 * ids.MINUTE_MS


class Membership:
    def __init__(self, self_id, admissions, revocations, left):
        self.admitted = {self_id}
        grown = True
        while grown:
            reached = {newcomer for introducer, newcomer in admissions if introducer in self.admitted}
            grown = not reached <= self.admitted
            self.admitted |= reached
        self._end = {ids.key_mark(peer): "left" for peer in left}
        for revoker, revoked in revocations:
            if revoker in self.admitted:
                self._end[ids.key_mark(revoked)] = "revoked"

    def standing_of(self, peer):
        end = self._end.get(ids.key_mark(peer))
        if end is not None:
            return end
        return "member" if peer in self.admitted else None

    def members(self):
        return sorted(peer for peer in self.admitted if self.standing_of(peer) == "member")


def membership_from(self_id, records):
    """Seen from one peer, from the records that it holds."""
    admissions = [(r["owner"], r["id"]) for r in records if r["kind"] == "admission"]
    revocations = [
        (r["owner"], r["id"]) for r in records if r["kind"] == "revocation" and ids.is_id("peer", r["id"])
    ]
    left = [r["owner"] for r in records if r["kind"] == "peer" and r.get("deleted") is True]
    return Membership(self_id, admissions, revocations, left)


def elect_cluster_id(claims, revoked, customer_id, now_ms):
    counting = [
        claim
        for claim in claims
        if claim["minted_by"] not in revoked
        and ids.time_part(customer_id) <= ids.time_part(claim["id"]) <= now_ms + TOLERANCE_MS
    ]
    candidates = [claim for claim in counting if claim["founded"]] or counting
    best = min(candidates, key=lambda claim: (ids.ulid_of(claim["id"]), claim["minted_by"]), default=None)
    return (None, None) if best is None else (best["id"], best["minted_by"])


GRACE_MS = 24 * ids.HOUR_MS


def current_secret(secrets):
    """Section 8.3 over {name, version, at_ms, follows} of one client."""
    return max(secrets, key=lambda secret: (secret["follows"] is not None, secret["version"], secret["name"]), default=None)


def accepted_secrets(secrets, now_ms, replaced_at, outlived_at):
    """[name, until] of what opens; until is None where it opens without end."""
    current = current_secret(secrets)
    accepted = []
    for secret in secrets:
        ends = [] if outlived_at is None else [outlived_at + GRACE_MS]
        if secret is not current:
            followed_at = [other["at_ms"] for other in secrets if other["follows"] == secret["name"]]
            since = min(followed_at) if followed_at else replaced_at.get(secret["name"], current["at_ms"])
            ends.append(since + GRACE_MS)
        until = min(ends, default=None)
        if until is None or now_ms < until:
            accepted.append([secret["name"], until])
    return sorted(accepted, key=lambda one: one[0])
