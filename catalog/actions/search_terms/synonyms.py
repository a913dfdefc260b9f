"""Maintain synonym sets for the search."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Synonym, SynonymSet
from catalog.models.search_terms import MAX_TERM_LENGTH
from catalog.search.synonym_expansion import MAX_PHRASE_WORDS
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change
from shop.core.texts.folding import folded_words

MAX_WORDS_IN_SET = 12


class InvalidSynonymCount(Refused):
    code = "invalid_synonym_count"
    default_message = _("Enter 2 to 12 words that mean the same.")


class InvalidSynonym(Refused):
    """A word has no letters or is too long. `details["word"]` is the first such word."""

    code = "invalid_synonym"
    default_message = _("Each term needs letters, at most 60 characters and at most four words.")


@transaction.atomic(durable=True)
def save_synonyms(
    *, set_id: int | None, words: Sequence[str], actor: Actor, now: datetime.datetime
) -> SynonymSet:
    """Create a synonym set, or replace the words of one. Words that fold alike count once.

    Returns an existing set if it has exactly these words. Raises Missing, InvalidSynonymCount,
    InvalidSynonym.
    """
    folded = _words_by_folded_form(words)
    if set_id is None:
        existing_set = _find_set(folded)
        if existing_set is not None:
            return existing_set
        synonym_set = SynonymSet.objects.create()
        before: list[str] = []
    else:
        locked_set = lock_row(SynonymSet.objects.filter(pk=set_id))
        if locked_set is None:
            raise Missing()
        synonym_set = locked_set
        before = list(synonym_set.words.order_by("sort_order", "pk").values_list("text", flat=True))
        synonym_set.words.all().delete()
        synonym_set.save(update_fields=["updated_at"])
    Synonym.objects.bulk_create(
        Synonym(set=synonym_set, text=text, folded=plain, sort_order=position)
        for position, (plain, text) in enumerate(folded.items())
    )
    data = {"from": before, "to": list(folded.values())}
    record_change(
        "synonyms.changed" if before else "synonyms.created", synonym_set, actor=actor, now=now, data=data
    )
    return synonym_set


@transaction.atomic(durable=True)
def delete_synonym_set(*, set_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete a synonym set. Raises Missing."""
    synonym_set = lock_row(SynonymSet.objects.filter(pk=set_id))
    if synonym_set is None:
        raise Missing()
    words = list(synonym_set.words.order_by("sort_order", "pk").values_list("text", flat=True))
    record_change("synonyms.deleted", synonym_set, actor=actor, now=now, snapshot={"words": words})
    synonym_set.delete()


def _find_set(folded: Collection[str]) -> SynonymSet | None:
    """Return the oldest set with exactly these words."""
    matched = Count("words", filter=Q(words__folded__in=list(folded)))
    sets = SynonymSet.objects.annotate(all=Count("words"), matched=matched)
    return sets.filter(all=len(folded), matched=len(folded)).order_by("pk").first()


def _words_by_folded_form(words: Sequence[str]) -> dict[str, str]:
    """Map folded forms to words. Of words with the same folded form the first is kept.

    Raises InvalidSynonym, InvalidSynonymCount.
    """
    folded: dict[str, str] = {}
    for word in words:
        text = " ".join(word.split())
        plain = folded_words(text)
        if (
            not plain
            or len(plain) > MAX_PHRASE_WORDS
            or max(len(text), len(" ".join(plain))) > MAX_TERM_LENGTH
        ):
            raise InvalidSynonym(field="words", word=text)
        folded.setdefault(" ".join(plain), text)
    if not 2 <= len(folded) <= MAX_WORDS_IN_SET:
        raise InvalidSynonymCount(field="words")
    return folded
