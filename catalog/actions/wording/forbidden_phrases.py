"""Refuse texts with forbidden phrases, and maintain the list of phrases at the desk."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import ForbiddenPhrase, Product
from shop.core.actors import Actor
from shop.core.database.row_values import save_unique
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import Translation, record_change
from shop.core.texts.folding import fold

_WORD = re.compile(r"[^\W_]+")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
PRODUCT_COLUMNS = (
    "name",
    "description_text",
    "origin",
    "ingredients",
    "packaging",
    "shelf_life",
    "storage",
    "return_terms",
    "season_note",
    "seo_title",
    "seo_description",
)


class ForbiddenWords(Refused):
    """The text contains a forbidden phrase, `details["phrase"]`."""

    code = "forbidden_words"
    default_message = _("“%(phrase)s” is not allowed here: %(reason)s")


class InvalidPhrase(Refused):
    code = "invalid_phrase"
    default_message = _("Enter words with letters.")


def require_allowed_texts(texts: Mapping[str, object]) -> None:
    """In a transaction: raise ForbiddenWords if one of these texts (by field) contains a forbidden phrase."""
    load_allowed_texts_check()(texts)


def load_allowed_texts_check() -> Callable[[Mapping[str, object]], None]:
    """Return `require_allowed_texts` with the phrases loaded once, for many texts."""
    phrases = list(ForbiddenPhrase.objects.order_by("pk"))
    patterns = [(phrase, _comparable_words(phrase.phrase)) for phrase in phrases]

    def check(texts: Mapping[str, object]) -> None:
        for field, text in texts.items():
            words = _comparable_words(text) if isinstance(text, str) else []
            for phrase, pattern in patterns:
                if _contains_pattern(words, pattern):
                    values = {"phrase": phrase.phrase, "reason": phrase.reason}
                    message = ForbiddenWords.default_message % values
                    name = "description" if field == "description_text" else field
                    raise ForbiddenWords(message, field=name, phrase=phrase.phrase)

    return check


def require_allowed_product(product: Product) -> None:
    """In a transaction: raise ForbiddenWords if a text of the product, a variant or a translation has one."""
    require_allowed_texts({column: getattr(product, column) for column in PRODUCT_COLUMNS})
    variants = dict(product.variants.values_list("pk", "name"))
    require_allowed_texts({f"variant-{key}": name for key, name in variants.items()})
    own_findings = Q(kind="catalog.product", key=str(product.pk))
    children = Q(kind="catalog.variant", key__in=[str(key) for key in variants])
    for translation in Translation.objects.filter(own_findings | children).order_by("pk"):
        require_allowed_texts({translation.field: translation.text})


@transaction.atomic(durable=True)
def forbid_phrase(*, phrase: str, reason: str, actor: Actor, now: datetime.datetime) -> ForbiddenPhrase:
    """Add a phrase. Raises AlreadyTaken, InvalidColumnValue, InvalidPhrase."""
    cleaned = " ".join(unicodedata.normalize("NFC", phrase).lower().split())
    if not _comparable_words(cleaned):
        raise InvalidPhrase(field="phrase")
    if not reason.strip():
        raise InvalidPhrase(field="reason")
    forbidden_phrase = ForbiddenPhrase(phrase=cleaned, reason=" ".join(reason.split()))
    save_unique(forbidden_phrase, field="phrase")
    record_change(
        "forbidden_phrase.created",
        forbidden_phrase,
        actor=actor,
        now=now,
        data={"phrase": forbidden_phrase.phrase, "reason": forbidden_phrase.reason},
    )
    return forbidden_phrase


@transaction.atomic(durable=True)
def allow_phrase(*, phrase_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Remove a phrase from the list. Raises Missing."""
    row = lock_row(ForbiddenPhrase.objects.filter(pk=phrase_id))
    if row is None:
        raise Missing()
    record_change("forbidden_phrase.deleted", row, actor=actor, now=now, snapshot={"phrase": row.phrase})
    row.delete()


def _comparable_words(text: str) -> list[str]:
    """Return the words in lower case, without invisible characters, each with its tone mark at the end.

    "hoá" and "hóa" are therefore one word, and invisible characters cannot disguise a word.
    """
    visible = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return [_with_tone_last(word) for word in _WORD.findall(unicodedata.normalize("NFC", visible).lower())]


def _with_tone_last(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    tones = "".join(letter for letter in letters if letter in _TONES)
    return unicodedata.normalize("NFC", "".join(letter for letter in letters if letter not in _TONES)) + tones


def _contains_pattern(words: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether the words contain the pattern, with its accents or entirely without accents."""
    bare_pattern = [fold(word) for word in pattern]
    length = len(pattern)
    return any(
        words[start : start + length] in (list(pattern), bare_pattern)
        for start in range(len(words) - length + 1)
    )
