"""Create the synonyms that every market starts with."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path

from catalog.actions.search_terms.synonyms import save_synonyms
from catalog.models import SynonymSet
from shop.core.actors import Actor

_FILE = Path(__file__).parent / "data" / "synonyms.toml"


def create_synonyms(*, actor: Actor, now: datetime.datetime) -> None:
    """Create the synonym sets of the data file if there are none."""
    if SynonymSet.objects.exists():
        return
    with _FILE.open("rb") as file:
        sets = tomllib.load(file)["set"]
    for row in reversed(sets):  # the newest is shown first
        save_synonyms(set_id=None, words=row["words"], actor=actor, now=now)
