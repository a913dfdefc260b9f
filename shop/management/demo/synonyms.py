"""What words the demo's buyers use: those that mean the same, and those that its goods hold."""

from __future__ import annotations

import datetime

from catalog.actions.search_terms.known_words import learn_words
from catalog.actions.search_terms.synonyms import write_synonyms
from catalog.models import SynonymSet
from shop.core.actors import Actor
from shop.management.demo.data_files import market


def agree_on_words(*, actor: Actor, now: datetime.datetime) -> None:
    """The sets of the data, where there are none yet; then every word that the goods hold is known."""
    if not SynonymSet.objects.exists():
        for row in reversed(market()["same"]):
            write_synonyms(set_id=None, words=row["words"], actor=actor, now=now)
    learn_words()
