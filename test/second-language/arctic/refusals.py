"""Section 14: whose fault a refusal is, read from the table in the document itself."""

import pathlib
import re

DOCUMENT = pathlib.Path(__file__).resolve().parents[3] / "docs" / "protocol.md"
ROW = re.compile(r"^\| `(\w+)`\s+\| (sender|nobody|us)\s+\|", re.MULTILINE)


def fault_by_code():
    text = DOCUMENT.read_text(encoding="utf-8")
    start = text.index("## 14. ")
    return dict(ROW.findall(text, start, text.index("## 15. ")))
