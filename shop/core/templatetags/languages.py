"""In which language a text of a row is, where it may not be the page's."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from shop.core.models import own_words

register = template.Library()


@register.simple_tag
def lang(row: models.Model | None, field: str) -> SafeString:
    """` lang="vi"` for an element that shows a text of the row which nobody translated; else nothing.

    So that it is read in its own tongue. Asked of rows that `show_in_language` has seen.
    """
    if row is None or field not in own_words(row):
        return SafeString("")
    return format_html(' lang="{}"', settings.LANGUAGE_CODE)


@register.simple_tag
def lang_kept(translation: str, language: str) -> SafeString:
    """The same for a text that was kept in two languages: `translation`, if it is not empty, and its
    `language`; else the text in the shop's own.
    """
    said = language if translation else settings.LANGUAGE_CODE
    return SafeString("") if said == get_language() else format_html(' lang="{}"', said)
