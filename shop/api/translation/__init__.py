"""Translations, for translators."""

from pathlib import Path

from shop.api.schema import Area
from shop.api.translation import contents, mutations

AREA = Area(Path(__file__).parent, types=(*contents.TYPES, mutations.mutation))
