"""Section 6: kinds."""

from . import ids
from .network import parse_cidr
from .shape import (
    address, both, boolean, cidr, exactly, fingerprint, id_of, integer, interface, key32, label, list_of, obj, optional,
    port, text, time,
)

UNKNOWN_LIMIT = 256
TOMBSTONES_A_LIVE_ONE = 4


class Kind:
    def __init__(self, name, group, lasting, is_deletable, limit, id_fits, body):
        self.name, self.group, self.lasting = name, group, lasting
        self.is_deletable, self.limit = is_deletable, limit
        self.id_fits, self.body = id_fits, body


def _route(value):
    shape = obj(route_id=integer(1), priority=integer(), source_cidr=optional(cidr), dest_cidr=optional(cidr))
    if not shape(value):
        return False
    families = {parse_cidr(value[name])[0] for name in ("source_cidr", "dest_cidr") if name in value}
    return len(families) == 1


def _service_rules(value):
    ids_of_routes = [route["route_id"] for route in value["routes"]]
    if len(set(ids_of_routes)) != len(ids_of_routes):
        return False
    return value["requires_interface"] or not value["fully_transparent"]


PEER = obj(
    name=label,
    description=text(1024),
    addresses=list_of(address, 16),
    api_access=exactly("full", "internal"),
    entry=optional(obj(role=exactly("server", "fallback", "none"), claimed_at=time)),
    cluster=obj(id=id_of("clu"), minted_by=id_of("peer"), founded=boolean),
    tunnel=optional(obj(public_key=key32, port=port)),
    pegasus=optional(obj(port=port, tls_fingerprint=fingerprint)),
    tls_fingerprint=fingerprint,
    agent_version=text(64),
    created_at=time,
)
SERVICE = both(
    obj(
        name=label,
        target_peer_id=id_of("peer"),
        transport_type=exactly("tcp"),
        requires_interface=boolean,
        desired_ipv4_cidr=optional(interface(4)),
        desired_ipv6_cidr=optional(interface(6)),
        fully_transparent=boolean,
        bandwidth_limit_mbps=integer(0),
        routes=list_of(_route, 256),
        created_at=time,
    ),
    _service_rules,
)
CREDENTIAL = obj(secret_hash=key32, scopes=list_of(text(128), 32), license_id=id_of("lic"), created_at=time)
SEEN = obj(
    peer_id=id_of("peer"),
    reachable=boolean,
    rtt_ms=optional(integer(0, 3_600_000)),
    last_seen_at=optional(time),
    confirmed=optional(integer(0)),
)
CONNECTIVITY = obj(peers=list_of(SEEN, 64))
ROTATION = obj(client_id=id_of("cli"), secret_hash=key32, replaces=optional(id_of("rot")), rotated_at=time)

KINDS = {
    kind.name: kind
    for kind in (
        Kind("peer", "peers", "tombstone_lasts", True, 1, lambda id, owner: id == owner, PEER),
        Kind("service", "services", "live", True, 1000, lambda id, owner: ids.is_id("svc", id), SERVICE),
        Kind(
            "admission", "others", "lasting", False, 4096,
            lambda id, owner: ids.is_id("peer", id) and id != owner, obj(introduced_at=time),
        ),
        Kind(
            "revocation", "others", "lasting", False, 256,
            lambda id, owner: ids.is_id("peer", id) or ids.is_id("cli", id), obj(reason=text(1024), revoked_at=time),
        ),
        Kind("credential", "others", "lasting", False, 256, lambda id, owner: ids.is_id("cli", id), CREDENTIAL),
        Kind("connectivity", "others", "soft", False, 1, lambda id, owner: id == owner, CONNECTIVITY),
        Kind("rotation", "others", "lasting", False, 256, lambda id, owner: ids.is_id("rot", id), ROTATION),
    )
}


def group_of(kind):
    return KINDS[kind].group if kind in KINDS else "others"


def place_of(kind):
    """What a kind counts as: those that are not known share one place."""
    if kind in KINDS:
        return kind
    return "unknown!" if kind.endswith("!") else "unknown"


def is_lasting(record):
    kind = KINDS.get(record["kind"])
    if kind is None:
        return record["kind"].endswith("!")
    if kind.lasting == "tombstone_lasts":
        return record.get("deleted") is True
    return kind.lasting == "lasting"


def limit_of(record):
    kind = KINDS.get(record["kind"])
    live = UNKNOWN_LIMIT if kind is None else kind.limit
    return live * TOMBSTONES_A_LIVE_ONE if record.get("deleted") is True else live
