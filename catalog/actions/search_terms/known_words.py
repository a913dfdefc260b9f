"""Periodically count the words of the catalogue, for spelling corrections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from celery import shared_task
from django.core.cache import cache
from django.db import connection, transaction

from catalog.models import KnownWord, Listing, Misspelling, Product
from catalog.search.indexed_words import plain_name_words
from catalog.states import ListingState
from shop.core.texts.folding import folded_words
from shop.core.texts.keyboards import deletion_variants

_COUNTED_WORD_LENGTHS = range(2, 31)
_BATCH_SIZE = 1_000
_KEPT_JOURNAL_ROWS = 20_000  # a reader further behind rebuilds its index
_COUNTED_UP_TO_KEY = "words-counted-up-to"


def recount_known_words() -> int:
    """Recount the words of all products that are published in any channel, and return how many there are."""
    counts = _count_words()
    stored_counts = dict(KnownWord.objects.values_list("word", "product_count"))
    obsolete = [word for word in stored_counts if word not in counts]
    new_words = [word for word in counts if word not in stored_counts]
    changed = {
        word
        for word, product_count in counts.items()
        if stored_counts.get(word, product_count) != product_count
    }
    for words in _batches(obsolete):
        KnownWord.objects.filter(word__in=words).delete()
    for words in _batches(new_words):
        _add_words(words, counts)
    for words in _batches(sorted(changed)):
        known_words = list(KnownWord.objects.filter(word__in=words))
        for known_word in known_words:
            known_word.product_count = counts[known_word.word]
        KnownWord.objects.bulk_update(known_words, ["product_count"])
    return len(counts)


@shared_task(name="catalog.count_words")
def count_words_task() -> None:
    """Sweep: recount if products changed since the last count, and trim the journal."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM catalog_product_change")
        (last,) = cursor.fetchone()
        if last == cache.get(_COUNTED_UP_TO_KEY):
            return
        cursor.execute("DELETE FROM catalog_product_change WHERE id <= %s", [last - _KEPT_JOURNAL_ROWS])
    recount_known_words()
    cache.set(_COUNTED_UP_TO_KEY, last, timeout=None)


@transaction.atomic(durable=True)
def _add_words(words: Sequence[str], counts: Counter[str]) -> None:
    KnownWord.objects.bulk_create(
        (KnownWord(word=word, product_count=counts[word]) for word in words), ignore_conflicts=True
    )
    known_words = KnownWord.objects.filter(word__in=words)
    Misspelling.objects.bulk_create(
        (
            Misspelling(word=known_word, shortened_word=shortened_word)
            for known_word in known_words
            for shortened_word in deletion_variants(known_word.word)
        ),
        ignore_conflicts=True,
        batch_size=_BATCH_SIZE,
    )


def _count_words() -> Counter[str]:
    """Return the number of products for each word of names, categories, origins and sellers.

    Descriptions are excluded: misspelt searches are corrected to product names.
    """
    counts: Counter[str] = Counter()
    published = Product.objects.filter(
        pk__in=Listing.objects.filter(state=ListingState.PUBLISHED).values("product")
    )
    rows = published.order_by().values_list("search_name", "cooperative__folded_name")
    for name, seller in rows.iterator(chunk_size=2_000):
        counts.update(plain_name_words(name).union(folded_words(seller)))
    return Counter({word: count for word, count in counts.items() if _is_indexable(word)})


def _is_indexable(word: str) -> bool:
    return len(word) in _COUNTED_WORD_LENGTHS and not word.isdecimal()


def _batches(words: Sequence[str]) -> list[Sequence[str]]:
    return [words[first : first + _BATCH_SIZE] for first in range(0, len(words), _BATCH_SIZE)]
