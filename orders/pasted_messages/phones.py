"""Find phone numbers in a message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orders.pasted_messages.message_tokens import Message
from shop.core.identifiers.phones import InvalidPhone, normalise_phone, require_phone

_GAP = r"[\s.\-]{0,2}"
_MOBILE = rf"(?:(?:\+|00)?84{_GAP}(?:\(0\))?|[0oO])[35789](?:{_GAP}[\doO]){{8}}"
_LANDLINE = rf"(?:\(?02\d{{1,2}}\)?)(?:{_GAP}\d){{7,8}}"
_NUMBER = re.compile(rf"(?<![\d\w+])(?:{_MOBILE}|{_LANDLINE})(?!\d)")
# A number that begins like a phone number, and is too short or too long.
_ODD = re.compile(r"(?<![\d\w])0[235789](?:[ .\-]?\d){5,11}(?!\d)")
_FOREIGN = re.compile(r"\+[1-9]\d{0,2}(?:[ .\-]?\d){7,12}(?!\d)")
_WITHOUT_ZERO = re.compile(r"(?<![\d\w.,])[35789]\d{8}(?!\d)")


@dataclass(frozen=True, slots=True)
class ReadPhones:
    """Phone numbers as stored, in the order written, and texts that are no complete number."""

    numbers: Sequence[str]
    odd: Sequence[str]


def read_phones(message: Message) -> ReadPhones:
    """Return the phone numbers of a message, and mark them."""
    numbers: list[str] = []
    odd: list[str] = []
    for pattern in (_NUMBER, _WITHOUT_ZERO, _FOREIGN, _ODD):
        for match in pattern.finditer(message.text):
            span = _token_span(message, match.start(), match.end())
            if span is None or "\n" in match.group():
                continue
            entered = match.group().replace("o", "0").replace("O", "0")
            message.use(*span, "phone")
            try:
                require_phone(entered)
            except InvalidPhone:
                odd.append(match.group())
            else:
                number = normalise_phone(entered)
                numbers += [] if number in numbers else [number]
    return ReadPhones(tuple(numbers), tuple(odd))


def _token_span(message: Message, start: int, end: int) -> tuple[int, int] | None:
    """Return the free tokens of a span of characters, or None if one is in use."""
    positions = [
        position for position, token in enumerate(message.tokens) if token.end > start and token.start < end
    ]
    if not positions or not all(message.is_free(position) for position in positions):
        return None
    return positions[0], positions[-1] + 1
