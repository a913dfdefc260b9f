"""Check that every message is translated into Vietnamese, in one spelling; print faults and exit with 1.

The tone mark stands on the last vowel of an open oa, oe or uy (hoá, khoẻ, huỷ). Names keep their spelling:
they are in data, not in texts.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PO = Path("locale/vi/LC_MESSAGES/django.po")
SOURCES = ("shop", "catalog", "orders", "cooperatives", "templates")
OTHER_SPELLING = re.compile(r"\w*(?:[óòỏõọ][ae]|[úùủũụ]y)\b", re.IGNORECASE)


def main() -> int:
    if shutil.which("xgettext") is None:
        print("xgettext is missing: apt-get install gettext")
        return 1
    kept = {_place(message): message for message in read_po((ROOT / PO).open("rb")) if message.id}
    requested = {_place(message): message for message in _extracted() if message.id}
    faults = [
        *(f"missing in {PO}: {place}" for place in requested.keys() - kept.keys()),
        *(f"untranslated: {place}" for place, message in kept.items() if not _translated(message)),
        *(f"fuzzy: {place}" for place, message in kept.items() if message.fuzzy),
        *(
            f"unknown placeholder: {place}"
            for place, message in kept.items()
            if not _same_placeholders(message)
        ),
        *(f"obsolete in {PO}: {place}" for place in kept.keys() - requested.keys()),
        *(f"more than once in {PO}: {place}" for place in repeated_messages((ROOT / PO).read_text())),
        *(
            f"tone mark misplaced in {word}: {place}"
            for place, message in kept.items()
            for word in _misplaced_tones(message)
        ),
        *(
            f"tone mark misplaced in {word}: {path.relative_to(ROOT)}"
            for path in (ROOT / "templates").rglob("*.html")
            for word in OTHER_SPELLING.findall(path.read_text())
        ),
    ]
    print("\n".join(sorted(faults)))
    return 1 if faults else 0


def repeated_messages(po: str) -> list[str]:
    """Return the messages that a po file defines more than once. The parser merges them silently."""
    entries = re.findall(r'^(?:msgctxt ((?:"[^\n]*"\n)+))?msgid ((?:"[^\n]*"\n)+)', po, re.MULTILINE)
    counts = Counter(
        tuple("".join(re.findall(r'^"(.*)"$', part, re.MULTILINE)) for part in entry) for entry in entries
    )
    return [
        f"{context}: {words!r}" if context else repr(words)
        for (context, words), count in counts.items()
        if count > 1
    ]


def _extracted() -> list[Message]:
    """Return the messages of the current sources, extracted from a copy of the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        for source in SOURCES:
            shutil.copytree(ROOT / source, Path(folder, source))
        Path(folder, PO.parent).mkdir(parents=True)
        # Merging into a file with our header gives plurals as many texts as Vietnamese has: one.
        header, _, _ = (ROOT / PO).read_text().partition("\n\n")
        Path(folder, PO).write_text(f"{header}\n")
        command = [
            sys.executable,
            "-m",
            "django",
            "makemessages",
            "-l",
            "vi",
            "-e",
            "html,txt,py,webmanifest",
        ]
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return list(read_po(Path(folder, PO).open("rb")))


def _place(message: Message) -> str:
    """Return a message's key: the same words in another context are another message."""
    words = repr(message.id)
    return words if message.context is None else f"{message.context}: {words}"


def _translated(message: Message) -> bool:
    words = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(words)


def _misplaced_tones(message: Message) -> list[str]:
    """Return the words of a translation whose tone mark is on another vowel than in the shop's spelling."""
    words = message.string if isinstance(message.string, tuple) else (message.string,)
    return [odd for word in words for odd in OTHER_SPELLING.findall(word)]


def _same_placeholders(message: Message) -> bool:
    """Return whether each translation uses only %(name)s placeholders of the original."""
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    words = message.string if isinstance(message.string, tuple) else (message.string,)
    requested = {name for id in ids for name in re.findall(r"%\((\w+)\)", id)}
    return all(set(re.findall(r"%\((\w+)\)", word)) <= requested for word in words if word)


if __name__ == "__main__":
    sys.exit(main())
