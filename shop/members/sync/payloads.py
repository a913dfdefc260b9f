"""Read the fields of a command's payload, and refuse wrong types and unknown fields."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused

MAX_ID = 2**63 - 1
MAX_AMOUNT = 10**12
MAX_CAPTION_LENGTH = 250
MAX_LINES = 200
MIN_DAY, MAX_DAY = datetime.date(2000, 1, 1), datetime.date(2199, 12, 31)


class InvalidCommand(Refused):
    """A field of the payload is missing, unknown or of the wrong type, which is the app's fault."""

    code = "invalid_command"
    default_message = _("The app sent something that the market does not understand. Update the app.")


class Payload:
    """The fields of one command. Each is read once. `require_empty` refuses fields that were not read."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._unread = dict(fields)

    def has(self, name: str) -> bool:
        """Return whether the field was sent with a value."""
        return self._unread.get(name) is not None

    def whole_number(self, name: str, *, minimum: int = 1, maximum: int = MAX_ID) -> int:
        number = self._read(name)
        if not isinstance(number, int) or isinstance(number, bool) or not minimum <= number <= maximum:
            raise InvalidCommand(field=name)
        return number

    def optional_number(self, name: str, *, minimum: int = 1, maximum: int = MAX_ID) -> int | None:
        if not self.has(name):
            self._unread.pop(name, None)
            return None
        return self.whole_number(name, minimum=minimum, maximum=maximum)

    def key(self, name: str) -> uuid.UUID:
        return parse_uuid(self._read(name), field=name)

    def keys(self, name: str, *, max_count: int) -> list[uuid.UUID]:
        """Return a list of keys without repetitions. A missing field is an empty list."""
        sent_values = self._unread.pop(name, [])
        if not isinstance(sent_values, list) or len(sent_values) > max_count:
            raise InvalidCommand(field=name)
        return list(dict.fromkeys(parse_uuid(key, field=name) for key in sent_values))

    def is_set(self, name: str) -> bool:
        """Return whether the field is true. A missing field counts as false."""
        flag = self._unread.pop(name, False)
        if not isinstance(flag, bool):
            raise InvalidCommand(field=name)
        return flag

    def text(self, name: str, *, max_length: int) -> str:
        """Return a text. A missing field is empty. Refuses characters that databases cannot store."""
        text = self._unread.pop(name, "")
        if not isinstance(text, str) or len(text) > max_length or not is_storable(text):
            raise InvalidCommand(field=name)
        return text

    def texts(self, name: str, *, max_count: int, max_length: int) -> list[str]:
        """Return a list of texts. A missing field is an empty list."""
        sent_values = self._unread.pop(name, [])
        if not isinstance(sent_values, list) or len(sent_values) > max_count:
            raise InvalidCommand(field=name)
        return [Payload({name: sent}).text(name, max_length=max_length) for sent in sent_values]

    def text_or_none(self, name: str, *, max_length: int) -> str | None:
        """Return a text, None if the field is missing."""
        return self.text(name, max_length=max_length) if name in self._unread else None

    def optional_day(self, name: str) -> datetime.date | None:
        """Return a day such as 2026-11-27, or None if the field is missing."""
        text = self.text(name, max_length=10)
        try:
            day = datetime.date.fromisoformat(text) if text else None
        except ValueError as error:
            raise InvalidCommand(field=name) from error
        if day is not None and not MIN_DAY <= day <= MAX_DAY:
            raise InvalidCommand(field=name)
        return day

    def quantities(self, name: str, *, minimum: int = 1) -> dict[uuid.UUID, int]:
        """Return the quantities in sales units, by order line."""
        sent_value = self._read(name)
        if not isinstance(sent_value, dict) or not 1 <= len(sent_value) <= MAX_LINES:
            raise InvalidCommand(field=name)
        quantities = Payload(sent_value)
        return {
            parse_uuid(line, field=name): quantities.whole_number(line, minimum=minimum, maximum=1_000_000)
            for line in sent_value
        }

    def chosen_lots(self, name: str) -> dict[uuid.UUID, int | None]:
        """Return the lots that a packer chose, by order line. A null stands for stock without a lot."""
        sent_value = self._unread.pop(name, {})
        if not isinstance(sent_value, dict) or len(sent_value) > MAX_LINES:
            raise InvalidCommand(field=name)
        lots = Payload(sent_value)
        return {parse_uuid(line, field=name): lots.optional_number(line) for line in sent_value}

    def lot_picks(self, name: str) -> dict[uuid.UUID, list[tuple[int | None, int]]]:
        """Return lots with quantities, by order line. A null stands for stock without a lot."""
        sent_value = self._unread.pop(name, {})
        if not isinstance(sent_value, dict) or len(sent_value) > MAX_LINES:
            raise InvalidCommand(field=name)
        return {parse_uuid(line, field=name): _parse_picks(picks, name) for line, picks in sent_value.items()}

    def require_empty(self) -> None:
        """Refuse fields that were not read, because an old server must not ignore what a newer app sends."""
        if self._unread:
            raise InvalidCommand(field=min(self._unread))

    def _read(self, name: str) -> object:
        if name not in self._unread:
            raise InvalidCommand(field=name)
        return self._unread.pop(name)


def _parse_picks(sent_value: object, field: str) -> list[tuple[int | None, int]]:
    """Return the pairs of a lot and a quantity. Raises InvalidCommand."""
    if not isinstance(sent_value, list) or not 1 <= len(sent_value) <= MAX_LINES:
        raise InvalidCommand(field=field)
    picks = []
    for pick in sent_value:
        if not isinstance(pick, list) or len(pick) != 2:
            raise InvalidCommand(field=field)
        values = Payload({"lot": pick[0], "quantity": pick[1]})
        picks.append((values.optional_number("lot"), values.whole_number("quantity", maximum=1_000_000)))
    return picks


def parse_uuid(sent_value: object, *, field: str) -> uuid.UUID:
    """Return a UUID in its usual spelling. Raises InvalidCommand."""
    if isinstance(sent_value, str) and len(sent_value) == 36:
        try:
            return uuid.UUID(sent_value)
        except ValueError:
            pass
    raise InvalidCommand(field=field)


def is_storable(text: str) -> bool:
    """Return whether both databases can store the text, which has no NUL character and no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
