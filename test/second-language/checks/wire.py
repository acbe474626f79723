"""Section 12.1: frames."""

import copy
import json

from arctic import messages, overlay
from arctic.text import utf16_length


def messages_(vectors):
    by_type = {message["type"]: message for message in vectors["messages"]}
    yield "messages", "one of each type", sorted(messages.MESSAGES), sorted(by_type)
    for kind, message in by_type.items():
        yield "messages", kind, None, messages.frame_code(json.dumps(message))
    for index, case in enumerate(vectors["changes"]):
        message = copy.deepcopy(by_type[case["type"]])
        if "value" in case:
            message[case["field"]] = case["value"]
        else:
            del message[case["field"]]
        name = "%d: %s.%s" % (index, case["type"], case["field"])
        yield "changes", name, case["code"], messages.frame_code(json.dumps(message))
    for case in vectors["frames"]:
        yield "frames", repr(case["text"][:60]), case["code"], messages.frame_code(case["text"])
    for case in vectors["long"]:
        empty = '{"type":"call","call":"c-1","body":""}'
        body = case["fill"] * (case["units"] - len(empty))
        frame = empty[:-2] + body + empty[-2:]
        name = "%s units of %r" % (case["units"], case["fill"])
        yield "long", name + " (length)", case["units"], utf16_length(frame)
        yield "long", name, case["code"], messages.frame_code(frame)


def overlay_(vectors):
    peers = vectors["peers"]
    for case in vectors["cases"]:
        name = "%(self)s of %(members)s at %(now_ms)s" % case
        members = peers[: case["members"]]
        targets, watched = overlay.neighbours(peers[case["self"]], members, case["now_ms"])
        yield "cases", name, case["targets"], sorted(peers.index(peer) for peer in targets)
        yield "cases", name + " (watched)", case["watched"], [[peers.index(peer), ms] for peer, ms in watched]


CHECKS = {"messages.json": messages_, "overlay.json": overlay_}
