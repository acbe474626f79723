#!/usr/bin/env python3
"""Checks Arctic's conformance vectors with an implementation that was written from docs/protocol.md alone.

    python3 test/second-language/verify.py [--vectors DIR] [--self-check] [--random FILE]

Prints one line a file and the count of checks; exit 0 where all hold, 1 where one does not (each is named), 3 where
python3-cryptography is missing. --self-check turns every expectation round and wants every check to notice. --random checks a file of
random cases instead, with what the first implementation says of them.
"""

import argparse
import json
import pathlib
import sys

sys.dont_write_bytecode = True

try:
    from checks import CHECKS, flips
    from checks.random_cases import random_cases
except ModuleNotFoundError as missing:
    if (missing.name or "").split(".")[0] != "cryptography":
        raise
    print("python3-cryptography is missing: apt-get install python3-cryptography", file=sys.stderr)
    sys.exit(3)

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "conformance" / "vectors"
# Top-level members of a file that are the setting of its cases.
SETTING = {
    "description", "roots", "held", "self", "started_at_ms", "now_ms", "customer_id", "signer_key", "hello", "welcome",
    "binding", "limit", "peers",
}


def checks_of(name, vectors):
    """Every check of a file as (section, name, expected, found). A check that breaks is one that fails."""
    try:
        return list(CHECKS[name](vectors))
    except Exception as error:  # noqa: BLE001 - whatever a wrong file leads to is a failure of that file
        return [("file", "it cannot be checked", "no exception", repr(error))]


def problems_of(name, vectors):
    """(how many checks, those that fail) of a file, the sections that no check reads among them."""
    if name not in CHECKS:
        return 1, [("file", "a vector file that no check reads", "a check", None)]
    results = checks_of(name, vectors)
    read = {section for section, *_ in results}
    unread = sorted(section for section in vectors if section not in read and section not in SETTING)
    results += [("file", "a section that no check reads", None, section) for section in unread]
    return len(results), [result for result in results if result[2] != result[3]]


def unnoticed_of(name, vectors):
    """(how many expectations were turned round, those that no check noticed) of a file."""
    count, unnoticed = 0, []
    for what, turned_vectors in flips.flipped(name, vectors):
        count += 1
        results = checks_of(name, flips.narrowed(vectors, turned_vectors))
        if all(expected == found for _, _, expected, found in results):
            unnoticed.append(what)
    return count, unnoticed


def check_random(options):
    setting = json.loads((options.vectors / "intake.json").read_text(encoding="utf-8"))
    roots = json.loads((options.vectors / "licenses.json").read_text(encoding="utf-8"))["roots"]
    results = list(random_cases(setting, roots)(json.loads(options.random.read_text(encoding="utf-8"))))
    failed = [result for result in results if result[2] != result[3]]
    for section, name, expected, found in failed:
        print("%s: %s: expected %r, found %r" % (section, name, expected, found))
    print("%d checks, %d failed" % (len(results), len(failed)))
    return 0 if results and not failed else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=pathlib.Path, default=VECTORS, help="the folder of the vector files")
    parser.add_argument("--self-check", action="store_true", help="turn every expectation round; all must be noticed")
    parser.add_argument("--random", type=pathlib.Path, help="a file of random cases")
    options = parser.parse_args()
    if options.random is not None:
        return check_random(options)
    total = wrong = 0
    paths = sorted(options.vectors.glob("*.json"))
    for name in sorted(set(CHECKS) - {path.name for path in paths}):
        wrong += 1
        print("%s: the file is missing" % name)
    for path in paths:
        vectors = json.loads(path.read_text(encoding="utf-8"))
        if options.self_check:
            count, failed = unnoticed_of(path.name, vectors)
            for what in failed:
                print("%s: not noticed: %s" % (path.name, what))
        else:
            count, failed = problems_of(path.name, vectors)
            for section, name, expected, found in failed:
                print("%s: %s: %s: expected %r, found %r" % (path.name, section, name, expected, found))
        total += count
        wrong += len(failed)
        print("%-22s %5d, %d failed" % (path.name, count, len(failed)))
    if options.self_check:
        print("%d turned expectations, %d not noticed" % (total, wrong))
    else:
        print("%d checks, %d failed" % (total, wrong))
    return 0 if wrong == 0 and total > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
