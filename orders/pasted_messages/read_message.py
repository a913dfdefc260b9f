"""Read an order from a message that somebody sent by Zalo or Facebook, or that was noted on the phone."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from orders.pasted_messages.addresses import ReadAddress, place_phrases, read_address
from orders.pasted_messages.goods import ReadGoods, read_goods
from orders.pasted_messages.goods_names import GoodsCatalogue
from orders.pasted_messages.message_tokens import Message, Token, split_message
from orders.pasted_messages.names import (
    read_cued_name,
    read_full_name,
    read_labelled_name,
    read_name_by_phone,
)
from orders.pasted_messages.phones import read_phones
from orders.pasted_messages.vocabulary import read_vocabulary
from shop.core.geography.named_places import NamedPlaces, load_named_places


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """What was understood of a message, and what was not.

    `phones` are as stored, the first is the receiver's. `odd_phones` are incomplete numbers. `payment` is
    "cod", "bank_transfer" or "". `unread` are the pieces that no rule understood.
    """

    name: str
    phones: Sequence[str]
    odd_phones: Sequence[str]
    address: ReadAddress | None
    goods: Sequence[ReadGoods]
    note: str
    payment: str
    unread: Sequence[str]

    @property
    def is_understood(self) -> bool:
        """Whether a person only has to confirm: nothing is missing, ambiguous or left over."""
        return bool(
            self.name
            and self.phones
            and not self.odd_phones
            and self.address is not None
            and self.address.commune is not None
            and self.goods
            and all(goods.is_certain for goods in self.goods)
            and not self.unread
        )


def read_message(text: str, catalogue: GoodsCatalogue, *, day: datetime.date) -> ReadMessage:
    """Read a message with the places in force on a day. It takes six queries, for the places."""
    message = split_message(text)
    places = load_named_places(place_phrases(message), day=day)
    return read_with_places(message, catalogue, places)


def read_with_places(message: Message, catalogue: GoodsCatalogue, places: NamedPlaces) -> ReadMessage:
    """Read a message that is split into tokens, with the places that its phrases may name."""
    phones = read_phones(message)
    _mark_labels(message)
    note = _read_labelled_note(message)
    name = read_labelled_name(message) or read_full_name(message, is_sure=True)
    address = read_address(message, places)
    name = name or read_full_name(message, is_sure=False) or read_cued_name(message, catalogue)
    payment = _read_payment(message)
    cued_note = _read_cued_notes(message, catalogue)
    goods = read_goods(message, catalogue)
    name = name or read_name_by_phone(message, catalogue)
    return ReadMessage(
        name=name,
        phones=phones.numbers,
        odd_phones=phones.odd,
        address=address,
        goods=tuple(goods),
        note="; ".join(filter(None, [note, cued_note])),
        payment=payment,
        unread=tuple(_unread_pieces(message)),
    )


def _mark_labels(message: Message) -> None:
    """Mark the labels of people who fill in a form: "Tên:", "SĐT", "Địa chỉ -"."""
    tokens = message.tokens
    for first, last in message.pieces():
        for name, labels in read_vocabulary().labels.items():
            after = message.position_after(first, labels)
            if after == first or after > last or not message.is_free(first):
                continue
            has_sign = after < len(tokens) and tokens[after].text in ":=-"
            if has_sign or (name == "address" and after - first > 1) or _is_phone_label(message, name, after):
                message.use(first, after + has_sign, f"{name} label")
                break


def _is_phone_label(message: Message, name: str, after: int) -> bool:
    return name == "phone" and after < len(message.tokens) and message.uses[after] == "phone"


def _read_labelled_note(message: Message) -> str:
    for position, use in enumerate(message.uses):
        if use != "note label" or (position + 1 < len(message.uses) and message.uses[position + 1] == use):
            continue
        last = position + 1
        while message.is_free(last) and message.tokens[last].text != "\n":
            last += 1
        message.use(position + 1, last, "note")
        return message.written(position + 1, last).strip(" ,.-:")
    return ""


def _read_cued_notes(message: Message, catalogue: GoodsCatalogue) -> str:
    """Return the pieces that ask for something about delivery or packing, and mark them."""
    notes: list[str] = []
    tokens = message.tokens
    for first, last in message.pieces():
        start = next((place for place in range(first, last) if _begins_note(message, place)), None)
        if start is None:
            continue
        end = start
        while end < last and message.is_free(end):
            end += 1
        if any(tokens[place].folded in catalogue.heads for place in range(start, end)) and any(
            tokens[place].is_number for place in range(start, end)
        ):
            continue
        notes.append(message.written(start, end))
        message.use(start, end, "note")
    return "; ".join(notes)


def _begins_note(message: Message, position: int) -> bool:
    if not message.is_free(position):
        return False
    after = read_vocabulary().note_cues.position_after(message, position)
    # "Dung" is a name, "đừng" is not.
    return after > position + (not message.tokens[position].has_marks)


def _read_payment(message: Message) -> str:
    for payment, phrases in read_vocabulary().payments.items():
        for first in range(len(message.tokens)):
            after = message.position_after(first, phrases)
            if after > first and message.is_free(first):
                message.use(first, after, "payment")
                return payment
    return ""


def _unread_pieces(message: Message) -> list[str]:
    """Return what nobody understood, without words that carry no order."""
    unread: list[str] = []
    for first, last in message.pieces():
        position = first
        while position < last:
            end = position
            while end < last and message.is_free(end):
                end += 1
            said = [place for place in range(position, end) if _says_something(message, place)]
            if said:
                unread.append(message.written(said[0], said[-1] + 1))
            position = max(end, position) + 1
    return unread


def _says_something(message: Message, position: int) -> bool:
    """Return whether a token may be of the order: a number, an uncommon word, or a name such as "Ba Hàng"."""
    token, vocabulary = message.tokens[position], read_vocabulary()
    if token.is_number:
        return True
    if not token.is_word or vocabulary.is_kin(token):
        return False
    if token.folded not in vocabulary.fillers and token.folded not in vocabulary.qualities:
        return True
    neighbours = [message.tokens[place] for place in (position - 1, position + 1) if message.is_free(place)]
    return _is_capitalised(token) and any(_is_capitalised(other) for other in neighbours)


def _is_capitalised(token: Token) -> bool:
    return token.text[0].isupper() and token.text[1:].islower()
