"""The check of translations finds what the parser of po files hides."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

CHECK = Path(__file__).resolve().parent.parent / ".ci" / "translations.py"
PO = """msgid ""
msgstr "Language: vi"

msgid "Save"
msgstr "Lưu"

msgctxt "stock"
msgid "Save"
msgstr "Lưu số đếm"

#, python-format
msgid ""
"%(count)s orders wait "
"for you."
msgstr "%(count)s đơn đang chờ."

"""


def test_message_that_occurs_twice_is_found_in_any_line_breaks() -> None:
    repeated_messages = runpy.run_path(str(CHECK))["repeated_messages"]

    assert repeated_messages(PO) == []
    assert repeated_messages(PO + 'msgid "Save"\nmsgstr "Ghi lại"\n') == ["'Save'"]
    assert repeated_messages(PO + 'msgctxt "stock"\nmsgid "Save"\nmsgstr "Ghi"\n') == ["stock: 'Save'"]
    assert repeated_messages(PO + 'msgid "%(count)s orders wait for you."\nmsgstr "Chờ"\n') == [
        "'%(count)s orders wait for you.'"
    ]
