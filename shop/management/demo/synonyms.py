"""Create the demo's synonyms and learn its search words."""

from __future__ import annotations

import datetime

from catalog.actions.search_terms.known_words import learn_words
from catalog.actions.search_terms.synonyms import save_synonyms
from catalog.models import SynonymSet
from shop.core.actors import Actor
from shop.management.demo.data_files import demo_market


def create_synonyms(*, actor: Actor, now: datetime.datetime) -> None:
    """Create the synonym sets of the data files if there are none; then learn the words of all products."""
    if not SynonymSet.objects.exists():
        for row in reversed(demo_market()["same"]):
            save_synonyms(set_id=None, words=row["words"], actor=actor, now=now)
    learn_words()
