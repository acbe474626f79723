"""Section 11.1: the door."""

from . import vouchers
from .computed import membership_from
from .text import bytes_or_none


class Door:
    """A peer's door at one instant: what it holds, and what its operator allows."""

    def __init__(self, self_id, customer_id, now_ms, door):
        self.self_id, self.customer_id, self.now_ms = self_id, customer_id, now_ms
        self.held, self.max_nodes = door["held"], door["max_nodes"]
        self.fresh, self.invitations = door.get("fresh"), door["invitations"]
        self.membership = membership_from(self_id, self.held)
        self.keys = {record["owner"]: record["key"] for record in self.held}

    def answer(self, way, theirs):
        """`member`, `first_contact` or `voucher`; else the code of the refusal."""
        standing = self.membership.standing_of(theirs["peer_id"])
        if theirs["customer_id"] != self.customer_id or standing in ("left", "revoked"):
            return "peer_not_accepted"
        if way["direction"] == "in":
            return self._inbound(way, theirs, standing)
        if "dialled" in way:
            if theirs["peer_id"] != way["dialled"]:
                return "handshake_wrong_peer"
            return "member" if standing == "member" else "peer_not_accepted"
        if way.get("expect_key", theirs["public_key"]) != theirs["public_key"]:
            return "handshake_key_unexpected"
        return "member" if standing == "member" else self._first_contact()

    def _inbound(self, way, theirs, standing):
        if standing == "member":
            return "member"
        if self._is_invited(way, theirs) or self._is_fresh_for(theirs):
            return self._first_contact()
        return "voucher" if self._is_vouched_for(way, theirs) else "peer_not_accepted"

    def _first_contact(self):
        return "first_contact" if len(self.membership.members()) < self.max_nodes else "node_limit_exceeded"

    def _is_invited(self, way, theirs):
        return any(
            invitation["until_ms"] > self.now_ms
            and (
                invitation["key"] == theirs["public_key"]
                if "key" in invitation
                else way["remote_host"] in invitation["hosts"]
            )
            for invitation in self.invitations
        )

    def _is_fresh_for(self, theirs):
        has_admitted = any(r["kind"] == "admission" and r["owner"] == self.self_id for r in self.held)
        if self.fresh is None or has_admitted or self.now_ms >= self.fresh["until_ms"]:
            return False
        return self.fresh.get("accept_key", theirs["public_key"]) == theirs["public_key"]

    def _is_vouched_for(self, way, theirs):
        voucher = way.get("voucher")
        if voucher is None or self.membership.standing_of(voucher["signer"]) != "member":
            return False
        signer_key = bytes_or_none(self.keys.get(voucher["signer"], ""), 32)
        if signer_key is None or not vouchers.is_taken(voucher, signer_key, self.customer_id, self.now_ms):
            return False
        return all(voucher[field] == theirs[field] for field in ("peer_id", "public_key"))
