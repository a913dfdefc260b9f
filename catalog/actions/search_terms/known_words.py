"""Which words the catalogue holds, counted anew from time to time; slips of the pen are found among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from celery import shared_task
from django.core.cache import cache
from django.db import connection, transaction

from catalog.models import AS_TYPED, KnownWord, Listing, Misspelling, Product
from catalog.search.spelling_corrections import misspellings
from catalog.states import ListingState

_LETTERS = range(2, 31)  # how long a word is that is worth knowing
_AT_ONCE = 1_000
_KEPT = 20_000  # rows of the journal: whoever is further behind reads everything anew
_SEEN_KEY = "words-counted-up-to"


def learn_words() -> int:
    """Count the words of all goods that were ever on sale; answer how many there are."""
    counts = _counted()
    known = dict(KnownWord.objects.values_list("word", "goods"))
    gone = [word for word in known if word not in counts]
    new = [word for word in counts if word not in known]
    other = {word for word, goods in counts.items() if known.get(word, goods) != goods}
    for words in _parts(gone):
        KnownWord.objects.filter(word__in=words).delete()
    for words in _parts(new):
        _add(words, counts)
    for words in _parts(sorted(other)):
        rows = list(KnownWord.objects.filter(word__in=words))
        for row in rows:
            row.goods = counts[row.word]
        KnownWord.objects.bulk_update(rows, ["goods"])
    return len(counts)


@shared_task(name="catalog.learn_words")
def learn_words_task() -> None:
    """Sweep: where goods were written to since the last count, count again, and shorten the journal."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM catalog_touched")
        (last,) = cursor.fetchone()
        if last == cache.get(_SEEN_KEY):
            return
        cursor.execute("DELETE FROM catalog_touched WHERE id <= %s", [last - _KEPT])
    learn_words()
    cache.set(_SEEN_KEY, last, timeout=None)


@transaction.atomic(durable=True)
def _add(words: Sequence[str], counts: Counter[str]) -> None:
    KnownWord.objects.bulk_create(
        (KnownWord(word=word, goods=counts[word]) for word in words), ignore_conflicts=True
    )
    rows = KnownWord.objects.filter(word__in=words)
    Misspelling.objects.bulk_create(
        (Misspelling(word=row, left=left) for row in rows for left in misspellings(row.word)),
        ignore_conflicts=True,
        batch_size=_AT_ONCE,
    )


def _counted() -> Counter[str]:
    """How many goods hold each word."""
    counts: Counter[str] = Counter()
    goods = Product.objects.filter(
        pk__in=Listing.objects.filter(state=ListingState.PUBLISHED).values("product")
    )
    for name, text in goods.order_by().values_list("search_name", "search_text").iterator(chunk_size=2_000):
        words = {word for word in name.split() if not word.startswith(AS_TYPED)}
        counts.update(words.union(text.split()))
    return Counter({word: goods for word, goods in counts.items() if _is_worth_knowing(word)})


def _is_worth_knowing(word: str) -> bool:
    return len(word) in _LETTERS and not word.isdecimal()


def _parts(words: Sequence[str]) -> list[Sequence[str]]:
    return [words[first : first + _AT_ONCE] for first in range(0, len(words), _AT_ONCE)]
