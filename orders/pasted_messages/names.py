"""Find the name of the person in a message."""

from __future__ import annotations

from orders.pasted_messages.goods_names import GoodsCatalogue
from orders.pasted_messages.message_tokens import Message, Token
from orders.pasted_messages.vocabulary import read_vocabulary

_MAX_WORDS = 5
_PLACE_TYPES = frozenset(["phuong", "p", "xa", "x", "huyen", "quan", "tran", "tp", "truong"])
_LABEL_WORDS = frozenset(["dc", "dt", "sdt", "o", "thon", "xom", "so", "phone", "tel", "lh", "diachi"])


def read_labelled_name(message: Message) -> str:
    """Return the name after a label such as "Người nhận:", or ""."""
    for position, use in enumerate(message.uses):
        if use == "name label" and (position + 1 == len(message.uses) or message.uses[position + 1] != use):
            first = position + 1
            while message.is_free(first) and not message.tokens[first].is_word:
                first += message.tokens[first].text in ":-=."
                if first <= position or message.tokens[first - 1].text not in ":-=.":
                    break
            last = first
            while last - first < _MAX_WORDS and message.is_free(last) and message.tokens[last].is_word:
                last += 1
            if last > first:
                return _use_name(message, first, last)
    return ""


def read_full_name(message: Message, *, is_sure: bool) -> str:
    """Return a name that begins with a family name: "Nguyễn Thị Hoa", also "hoang van nam" alone, or "".

    Streets have such names too. A name `is_sure` if it is alone or has no number or type before it.
    """
    vocabulary, tokens = read_vocabulary(), message.tokens
    for first, last in message.pieces():
        for start in range(first, last):
            if not message.is_free(start) or not vocabulary.family_names.has(tokens[start]):
                continue
            end = start
            while end < last and end - start < _MAX_WORDS and _is_name_part(message, end):
                end += 1
            words = tokens[start:end]
            if len(words) < 2 or (is_sure and _is_place_before(message, first, start)):
                continue
            is_capitalised = all(word.text[0].isupper() for word in words)
            is_capitalised = is_capitalised and not all(word.text.isupper() for word in words)
            has_middle = len(words) > 2 and words[1].folded in vocabulary.middle_names
            if not is_capitalised and has_middle:
                end = min(end, start + 4)
            is_alone = all(
                not message.is_free(place) or vocabulary.is_kin(tokens[place]) or _is_sign(tokens[place])
                for place in [*range(first, start), *range(end, last)]
            )
            is_long = is_capitalised and len(words) > 2
            if is_long or has_middle or (not is_sure and is_alone and len(words) < 5):
                return _use_name(message, start, end)
    return ""


def read_cued_name(message: Message, catalogue: GoodsCatalogue) -> str:
    """Return a given name after "chị", "em là" and the like, or ""."""
    vocabulary, tokens = read_vocabulary(), message.tokens
    for first in range(len(tokens)):
        after = vocabulary.name_cues.position_after(message, first)
        if after > first and message.is_free(first) and _is_given_name(message, catalogue, after):
            while vocabulary.is_kin(tokens[after]) and message.is_free(after + 1):
                after += 1
            if tokens[after].text[0].isupper() or "phone" in message.uses[after : after + 4]:
                message.use(first, after, "name cue")
                return _use_name(message, after, _name_end(message, catalogue, after))
    for first in range(len(tokens)):
        is_kin = message.is_free(first) and vocabulary.is_kin(tokens[first])
        beside = is_kin and _is_given_name(message, catalogue, first + 1)
        is_close = _is_by_phone(message, first)
        if (
            beside
            and (_is_capitalised(tokens[first + 1]) or is_close)
            and not vocabulary.is_kin(tokens[first + 1])
        ):
            return _use_name(message, first + 1, _name_end(message, catalogue, first + 1))
    return ""


def read_name_by_phone(message: Message, catalogue: GoodsCatalogue) -> str:
    """Return a name beside a phone number, or ""."""
    starts = [
        start
        for first in range(len(message.tokens))
        if message.uses[first] == "phone"
        for start in _beside_phone(message, first)
        if _is_given_name(message, catalogue, start)
    ]
    starts.sort(key=lambda start: not _is_capitalised(message.tokens[start]))
    return _use_name(message, starts[0], _name_end(message, catalogue, starts[0])) if starts else ""


def _is_sign(token: Token) -> bool:
    return not token.is_word and not token.is_number


def _is_capitalised(token: Token) -> bool:
    return token.text[0].isupper()


def _is_place_before(message: Message, first: int, start: int) -> bool:
    """Return whether a number or a word such as "đường" or "phường" stands before a name in its piece."""
    tokens = message.tokens
    return any(
        tokens[place].is_number
        or read_vocabulary().is_street_word(message, place)
        or tokens[place].folded in _PLACE_TYPES
        for place in range(max(first, start - 3), start)
        if message.is_free(place)
    )


def _is_name_part(message: Message, position: int) -> bool:
    token = message.tokens[position]
    if not message.is_free(position) or not token.is_word or len(token.text) < 2:
        return False
    return token.text[0].isupper() and not token.text.isupper() if token.folded in _LABEL_WORDS else True


def _is_given_name(message: Message, catalogue: GoodsCatalogue, position: int) -> bool:
    if not message.is_free(position):
        return False
    vocabulary = read_vocabulary()
    while vocabulary.is_kin(message.tokens[position]) and message.is_free(position + 1):
        position += 1
    token = message.tokens[position]
    is_common = token.folded in vocabulary.fillers or token.folded in vocabulary.qualities
    if not token.is_word or len(token.text) < 2:
        return False
    return token.text[0].isupper() if is_common or token.folded in catalogue.words else True


def _name_end(message: Message, catalogue: GoodsCatalogue, start: int) -> int:
    """Return the position after a name. Further words have a capital letter as the first one, or are few."""
    end = start + 1
    is_capitalised = message.tokens[start].text[0].isupper()
    while end - start < 4 and _is_name_part(message, end) if end < len(message.tokens) else False:
        token = message.tokens[end]
        if is_capitalised != token.text[0].isupper():
            break
        if not is_capitalised and (
            token.folded in read_vocabulary().fillers or token.folded in catalogue.words
        ):
            break
        end += 1
    return end


def _is_by_phone(message: Message, position: int) -> bool:
    return "phone" in message.uses[max(0, position - 4) : position + 6]


def _beside_phone(message: Message, phone: int) -> list[int]:
    """Return where a name beside a phone number may begin: after it, or at the start of the piece before."""
    tokens = message.tokens
    starts: list[int] = []
    if not (phone > 0 and message.uses[phone - 1] == "phone"):
        position = phone - 1
        while position >= 0 and (not tokens[position].is_word or message.uses[position].endswith("label")):
            if not message.is_free(position) and not message.uses[position].endswith("label"):
                break
            position -= 1
        start = position
        while start >= 0 and message.is_free(start) and tokens[start].is_word and position - start < 3:
            start -= 1
        starts += range(start + 1, position + 1)
    if not (phone + 1 < len(tokens) and message.uses[phone + 1] == "phone"):
        position = phone + 1
        while position < len(tokens) and message.is_free(position) and not tokens[position].is_word:
            if tokens[position].is_number:
                break
            position += 1
        starts.append(position)
    return starts


def _use_name(message: Message, first: int, last: int) -> str:
    vocabulary = read_vocabulary()
    while last - first > 1 and vocabulary.is_kin(message.tokens[first]):
        message.use(first, first + 1, "name")
        first += 1
    message.use(first, last, "name")
    if first and message.is_free(first - 1) and vocabulary.is_kin(message.tokens[first - 1]):
        message.use(first - 1, first, "name")
    words = message.written(first, last).split()
    return " ".join(word if word[0].isupper() and not word.isupper() else word.capitalize() for word in words)
