"""Read quantities and prices as people write them: "2 cân rưỡi", "1kg5", "nửa ký", "3 gói", "45k"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from orders.pasted_messages.message_tokens import Message
from orders.pasted_messages.vocabulary import read_vocabulary

_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_DIGIT_WORDS = frozenset(["tu", "lam", "ba", "hai", "sau", "bay", "tam", "bon"])
_HALF_BEFORE, _HALF_AFTER = ("nua",), ("ruoi", "ruoj")
_TIMES = ("x", "×", "*", "sl", "so luong")
_DOZENS = {"chuc": 10, "ta": 12}
_MAX_COUNT = 9999
_MIN_BARE_CONTENT = 50  # a number without unit is then of grams or millilitres
_PIECES = frozenset({"fruit", "piece", "animal", "bundle", "bunch"})


@dataclass(frozen=True, slots=True)
class Amount:
    """One amount of a message: of packs or pieces (`count` in `units`), of grams or of millilitres.

    `units` are the sales units that the word may mean, and none if no word follows the number.
    """

    count: Fraction = Fraction(0)
    units: frozenset[str] = frozenset()
    unit_position: int | None = None  # the token that names the unit
    grams: Fraction = Fraction(0)
    millilitres: Fraction = Fraction(0)
    is_multiplier: bool = False  # "x2"

    @property
    def is_measure(self) -> bool:
        """Whether it is a weight or a volume."""
        return bool(self.grams or self.millilitres)


def read_number(text: str) -> Fraction:
    """Return the value of digits: "1,5" and "1.5" are one and a half, "1.500" is fifteen hundred."""
    if _THOUSANDS.fullmatch(text) and not text.startswith("0"):
        return Fraction(re.sub("[.,]", "", text))
    whole, _, decimals = text.replace(",", ".").partition(".")
    return Fraction(f"{whole}.{decimals.replace('.', '')}") if decimals else Fraction(whole)


def read_price(message: Message, first: int) -> tuple[int, int] | None:
    """Return the price that begins at a token, in dong, and the position after it.

    "45k", "1tr2", "250.000đ" and "120 nghìn" are prices, and so is "45.000", but not "45".
    """
    tokens, vocabulary = message.tokens, read_vocabulary()
    if not tokens[first].is_number or len(tokens[first].text) > 12:
        return None
    value, last = read_number(tokens[first].text), first + 1
    if last < len(tokens):
        multiplier = vocabulary.money.get(tokens[last].folded, 0)
        is_written_close = tokens[last].is_glued or len(tokens[last].folded) > 2
        if multiplier and is_written_close and not (multiplier == 1 and value < 1000):
            last += 1
            price = value * multiplier
            if last < len(tokens) and tokens[last].is_number and tokens[last].is_glued and multiplier > 1:
                digits = tokens[last].text
                price += Fraction(int(digits) * multiplier, 10 ** len(digits)) if digits.isdecimal() else 0
                last += 1
            elif last < len(tokens) and tokens[last].folded in _HALF_AFTER:
                price, last = price + Fraction(multiplier, 2), last + 1
            if (
                last < len(tokens)
                and tokens[last].is_glued
                and vocabulary.money.get(tokens[last].folded) == 1
            ):
                last += 1
            return int(price), last
    if _THOUSANDS.fullmatch(tokens[first].text) and value >= 5000 and not _is_unit(message, last):
        return int(value), last
    return None


def read_amount(message: Message, first: int) -> tuple[Amount, int] | None:
    """Return the amount that begins at a token, and the position after it, or None."""
    tokens = message.tokens
    token = tokens[first]
    if message.position_after(first, _TIMES) > first:
        return _read_multiplier(message, first)
    if token.is_number and _is_part_of_code(message, first):
        return None
    number = _read_count(message, first)
    if number is None:
        return _read_bare_unit(message, first)
    count, last = number
    if not 0 < count <= _MAX_COUNT:
        return None
    if last < len(tokens) and tokens[last].folded == "x" and tokens[last].is_glued and token.is_number:
        after = last + 1
        if after >= len(tokens) or not tokens[after].is_number:
            return Amount(count=count, is_multiplier=True), after  # "2x miến"
    if (unit := _read_unit(message, last, count)) is not None:
        return unit
    is_dozen = tokens[last - 1].folded in _DOZENS or tokens[last - 1].folded in _HALF_AFTER
    if is_dozen:
        return Amount(count=count, units=_PIECES), last
    if count >= _MIN_BARE_CONTENT and token.is_number and count.denominator == 1:
        return Amount(grams=count, millilitres=count), last  # "1 gói miến 500"
    return Amount(count=count), last


def _is_part_of_code(message: Message, position: int) -> bool:
    """Return whether a number belongs to a date or a code: "15/12", "M12", "97B"."""
    tokens = message.tokens
    before, token = tokens[position - 1] if position else None, tokens[position]
    if before is not None and token.is_glued and (before.text == "/" or before.is_word):
        return before.folded not in _TIMES
    after = tokens[position + 1 : position + 3]
    is_date = len(after) == 2 and after[0].text == "/" and after[0].is_glued and after[1].is_number
    return is_date and after[1].is_glued and not (after[1].text in ("2", "4") and len(token.text) == 1)


def _read_multiplier(message: Message, first: int) -> tuple[Amount, int] | None:
    """Read "x2", "x 2", "*2", "sl 2" and "SL: 2"."""
    tokens, position = message.tokens, message.position_after(first, _TIMES)
    if position < len(tokens) and tokens[position].text in (":", "="):
        position += 1
    if position >= len(tokens) or not message.is_free(position):
        return None
    number = _read_count(message, position)
    if number is None or not 0 < number[0] <= _MAX_COUNT:
        return None
    count, last = number
    amount, last = _read_unit(message, last, count) or (Amount(count=count), last)
    return replace(amount, is_multiplier=True), last


def _read_count(message: Message, first: int) -> tuple[Fraction, int] | None:
    """Read a number in digits or words, with "nửa", "chục" and fractions such as 1/2."""
    tokens, numbers = message.tokens, read_vocabulary().numbers
    token = tokens[first]
    if token.folded in _HALF_BEFORE and _is_unit_or_dozen(message, first + 1):
        value, last = Fraction(1, 2), first + 1
    elif token.is_number:
        if len(token.text) > 7:
            return None
        value, last = read_number(token.text), first + 1
        is_fraction = (
            last + 1 < len(tokens)
            and tokens[last].text == "/"
            and tokens[last].is_glued
            and tokens[last + 1].text in ("2", "4")
            and tokens[last + 1].is_glued
            and value < 4
        )
        if is_fraction:
            value, last = value / int(tokens[last + 1].text), last + 2
    elif token.folded in numbers and _is_number_word(message, first):
        value, last = Fraction(numbers[token.folded]), first + 1
    elif token.text.lower() in read_vocabulary().pairs:
        value, last = Fraction(2), first + 1
    elif token.folded in _DOZENS and _is_dozen(message, first):
        value, last = Fraction(1), first
    else:
        return None
    if last < len(tokens) and tokens[last].folded in _DOZENS and _is_dozen(message, last):
        dozen = _DOZENS[tokens[last].folded]
        value, last = value * dozen, last + 1
        if last < len(tokens) and tokens[last].folded in _HALF_AFTER:
            value, last = value + Fraction(dozen, 2), last + 1
    return value, last


def _is_number_word(message: Message, position: int) -> bool:
    """Return whether a word that may also mean something else stands for a number here.

    It does with its own diacritics or none, before a unit or a dozen: "ba gói", not "bà Hoa" or "tạ".
    """
    token = message.tokens[position]
    if token.has_marks and token.text.lower() not in read_vocabulary().number_words:
        return False
    return _is_unit_or_dozen(message, position + 1)


def _is_dozen(message: Message, position: int) -> bool:
    token = message.tokens[position]
    return not token.has_marks or token.text.lower() in read_vocabulary().dozen_words


def _is_unit_or_dozen(message: Message, position: int) -> bool:
    if position >= len(message.tokens):
        return False
    return _is_unit(message, position) or message.tokens[position].folded in _DOZENS


def _is_unit(message: Message, position: int) -> bool:
    if position >= len(message.tokens) or not message.is_free(position):
        return False
    vocabulary, token = read_vocabulary(), message.tokens[position]
    if not token.is_word or (token.has_marks and token.text.lower() in vocabulary.not_units):
        return False
    units = (vocabulary.grams, vocabulary.millilitres, vocabulary.packs)
    return any(token.folded in words or token.text.lower() in words for words in units)


def _read_bare_unit(message: Message, first: int) -> tuple[Amount, int] | None:
    """Read a unit that means one and a half without a number: "cân rưỡi", "lạng rưỡi"."""
    if not _is_unit(message, first) or first + 1 >= len(message.tokens):
        return None
    if message.tokens[first + 1].folded not in _HALF_AFTER:
        return None
    return _read_unit(message, first, Fraction(1))


def _read_unit(message: Message, position: int, count: Fraction) -> tuple[Amount, int] | None:
    """Read the unit after a count, and what follows it: "5" in "1kg5", "rưỡi" in "2 cân rưỡi"."""
    if not _is_unit(message, position):
        return None
    vocabulary, tokens = read_vocabulary(), message.tokens
    word, last = tokens[position].folded, position + 1
    unit_grams = vocabulary.grams.get(tokens[position].text.lower(), vocabulary.grams.get(word, 0))
    unit_millilitres = vocabulary.millilitres.get(word, 0)
    if word == "l" and not tokens[position].is_glued and count > 20:
        return None
    if not unit_grams and not unit_millilitres:
        return Amount(count=count, units=vocabulary.packs[word], unit_position=position), last
    addition, last = _read_addition(message, last)
    total = count + addition
    return Amount(grams=total * unit_grams, millilitres=total * unit_millilitres), last


def _read_addition(message: Message, position: int) -> tuple[Fraction, int]:
    """Read the tenths after a unit of weight: "5" in "1kg5", "ba" in "2 cân ba", or "rưỡi"."""
    tokens, numbers = message.tokens, read_vocabulary().numbers
    if position >= len(tokens) or not message.is_free(position):
        return Fraction(0), position
    token = tokens[position]
    if token.folded in _HALF_AFTER:
        return Fraction(1, 2), position + 1
    is_followed_by_unit = _is_unit_or_dozen(message, position + 1)
    if token.is_number and token.is_glued and token.text.isdecimal() and len(token.text) <= 3:
        return Fraction(int(token.text), 10 ** len(token.text)), position + 1
    if token.is_number and token.text.isdecimal() and len(token.text) == 1 and not is_followed_by_unit:
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        if following is None or not following.is_glued:
            return Fraction(int(token.text), 10), position + 1
    is_digit_word = token.folded in _DIGIT_WORDS and token.text.lower() in read_vocabulary().number_words
    if is_digit_word and not is_followed_by_unit:
        return Fraction(numbers[token.folded], 10), position + 1
    return Fraction(0), position
