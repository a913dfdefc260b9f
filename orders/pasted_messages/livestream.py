"""Read the codes of a livestream, and gather its comments by buyer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from orders.pasted_messages.goods import read_goods
from orders.pasted_messages.goods_names import GoodsCatalogue
from orders.pasted_messages.message_tokens import split_message
from orders.pasted_messages.phones import read_phones
from orders.pasted_messages.vocabulary import read_vocabulary
from shop.core.texts.folding import fold

MAX_CODES = 200
MAX_BUYERS = 100
_CODE_LINE = re.compile(r"\s*(?P<code>[A-Za-z]{1,4}\d{1,4})\s*[:=\-–]?\s*(?P<goods>\S.*)")
_NAMED_COMMENT = re.compile(r"\s*(?P<name>[^\W\d_][^:\d]{1,39}?)\s*:\s*(?P<comment>\S.*)")


@dataclass(frozen=True, slots=True)
class LivestreamCodes:
    """Codes in capitals with the variants they stand for, and the lines that name no single variant."""

    variants: Mapping[str, int]
    unclear: tuple[str, ...]


@dataclass(slots=True)
class BuyerComments:
    """The comments of one buyer, by phone number or by the name before the colon."""

    name: str
    phone: str
    comments: list[str] = field(default_factory=list)

    @property
    def message(self) -> str:
        """The comments as one message."""
        return "\n".join(
            [*([f"{read_vocabulary().name_label}: {self.name}"] if self.name else []), *self.comments]
        )


def read_codes(text: str, catalogue: GoodsCatalogue) -> LivestreamCodes:
    """Read lines such as "M12 = miến dong 500g". A pack of the goods must be named without doubt."""
    variants: dict[str, int] = {}
    unclear: list[str] = []
    for line in text.splitlines()[:MAX_CODES]:
        match = _CODE_LINE.fullmatch(line)
        goods = read_goods(split_message(f"1 x {match['goods']}"), catalogue) if match else []
        options = goods[0].options if len(goods) == 1 else ()
        if match and len(options) == 1:
            variants[match["code"].upper()] = options[0].variant_id
        elif line.strip():
            unclear.append(" ".join(line.split()))
    return LivestreamCodes(variants, tuple(unclear))


def with_codes(catalogue: GoodsCatalogue, codes: LivestreamCodes) -> GoodsCatalogue:
    """Return the catalogue with a livestream's codes."""
    return replace(catalogue, codes=codes.variants)


def gather_comments(text: str) -> list[BuyerComments]:
    """Return the comments by buyer, in the order of their first ones.

    A line is a comment, alone or after its writer's name: "Lan Anh: M12 x2 - 0912…". Lines with one phone
    number belong together, and so do those with one name.
    """
    buyers: list[BuyerComments] = []
    by_key: dict[str, BuyerComments] = {}
    for line in filter(str.strip, text.splitlines()):
        match = _NAMED_COMMENT.fullmatch(line)
        name = " ".join(match["name"].split()) if match and not _is_label(match["name"]) else ""
        comment = match["comment"].strip() if match and name else line.strip()
        phone = next(iter(read_phones(split_message(comment)).numbers), "")
        keys = [key for key in (phone, fold(name)) if key]
        buyer = next((by_key[key] for key in keys if key in by_key), None)
        if buyer is None:
            if len(buyers) == MAX_BUYERS:
                continue
            buyer = BuyerComments(name, phone)
            buyers.append(buyer)
        buyer.name, buyer.phone = buyer.name or name, buyer.phone or phone
        buyer.comments.append(comment)
        by_key.update(dict.fromkeys(keys, buyer))
    return buyers


def _is_label(text: str) -> bool:
    """Return whether the words before a colon label a field, and are no name: "sđt", "địa chỉ"."""
    return any(fold(text) in labels for labels in read_vocabulary().labels.values())
