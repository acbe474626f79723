"""One function a vector file. Each yields (section, name, expected, found); `found` never looks at what is expected."""

from . import encoding, trust, registry, wire

CHECKS = {**encoding.CHECKS, **trust.CHECKS, **registry.CHECKS, **wire.CHECKS}
