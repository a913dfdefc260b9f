"""Compare a product's revision with its current texts, as pairs of the current and the proposed value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.conf import settings
from django.utils.translation import get_language_info, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, ProductMedia, ProductRevision, RevisionPicture
from shop.core.errors import StrOrPromise
from shop.core.models import Translation, show_in_language

_LABELS: dict[str, StrOrPromise] = {
    "name": _("Name"),
    "category_id": _("Category"),
    "description_text": _("Description"),
    "origin": _("Origin"),
    "ingredients": _("Composition"),
    "packaging": _("Packaging"),
    "shelf_life": _("Best before"),
    "storage": _("Storage"),
    "season_note": pgettext_lazy("product", "Season"),
    "return_terms": _("Returns"),
    "seo_title": _("Title in search engines"),
    "seo_description": _("Text in search engines"),
}


_WORDS = re.compile(r"\S+|\s+")


@dataclass(frozen=True, slots=True)
class TextDifference:
    """A text as it is on sale and as it is proposed. Either may be empty."""

    label: StrOrPromise
    old: str
    new: str
    language: str = settings.LANGUAGE_CODE

    @property
    def new_spans(self) -> list[tuple[str, bool]]:
        """The proposed text in pieces, each with whether it differs from the text on sale."""
        old_words, new_words = _WORDS.findall(self.old), _WORDS.findall(self.new)
        matcher = SequenceMatcher(a=old_words, b=new_words, autojunk=False)
        return [
            ("".join(new_words[start:end]), tag != "equal")
            for tag, _old_start, _old_end, start, end in matcher.get_opcodes()
            if end > start
        ]


@dataclass(frozen=True, slots=True)
class PictureDifference:
    """The product's pictures on sale and as proposed, each in order."""

    old: list[ProductMedia]
    new: list[RevisionPicture]


def find_text_differences(revision: ProductRevision) -> list[TextDifference]:
    """Return the texts that change, those of the product first, then its options and its translations."""
    return [
        *_find_column_differences(revision),
        *_find_variant_differences(revision),
        *_find_translation_differences(revision),
    ]


def find_picture_difference(revision: ProductRevision) -> PictureDifference | None:
    """Return the pictures if they change."""
    if not revision.has_pictures:
        return None
    media = ProductMedia.objects.filter(product=revision.product).select_related("picture")
    rows = revision.picture_rows.select_related("picture")
    return PictureDifference(
        list(media.order_by("sort_order", "pk")), list(rows.order_by("sort_order", "pk"))
    )


def _find_column_differences(revision: ProductRevision) -> Iterator[TextDifference]:
    for column, label in _LABELS.items():
        if column in revision.values:
            old_value, new_value = getattr(revision.product, column), revision.values[column]
            if column == "category_id":
                old_value, new_value = _read_category_name(old_value), _read_category_name(new_value)
            yield TextDifference(label, str(old_value or ""), str(new_value or ""))


def _find_variant_differences(revision: ProductRevision) -> Iterator[TextDifference]:
    for variant in revision.product.variants.filter(pk__in=revision.variant_names).in_order():
        yield TextDifference(_("Name of the option"), variant.name, revision.variant_names[str(variant.pk)])


def _find_translation_differences(revision: ProductRevision) -> Iterator[TextDifference]:
    for language, texts in revision.translations.items():
        name = get_language_info(language)["name_translated"]
        owners = [("catalog.product", str(revision.product_id), texts["product"])]
        owners += [("catalog.variant", key, fields) for key, fields in texts["variants"].items()]
        for kind, key, fields in owners:
            current = Translation.objects.texts(kind, [key], language)
            for field, new in fields.items():
                old = current.get((key, field), "")
                if new != old:
                    yield TextDifference(f"{name}: {_LABELS[field]}", old, new, language)


def _read_category_name(key: int | None) -> str:
    category = Category.objects.filter(pk=key).first() if key is not None else None
    if category is None:
        return ""
    show_in_language([category], "name")
    return category.name
