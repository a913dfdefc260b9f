"""In which language a text of a row is, where it may not be the page's."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.db import models
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from shop.core.models import own_words

register = template.Library()


@register.simple_tag
def lang(row: models.Model | None, field: str) -> SafeString:
    """` lang="vi"` for an element that shows a text of the row which nobody translated; else nothing.

    So that it is read in its own tongue. Asked of rows that `show_in_language` has seen.
    """
    if not row or field not in own_words(row):
        return SafeString("")
    return format_html(' lang="{}"', settings.LANGUAGE_CODE)


@register.simple_tag
def lang_own() -> SafeString:
    """The same for a text that is never translated: places, addresses, names in papers."""
    return _unless_here(settings.LANGUAGE_CODE)


@register.filter
def said(row: models.Model, field: str) -> SafeString:
    """A text of the row within a sentence, marked as `lang` marks elements."""
    return marked(lang(row, field), getattr(row, field))


@register.filter
def own(text: object) -> SafeString:
    """A text within a sentence that is never translated, marked as `lang_own` marks elements."""
    return marked(lang_own(), text)


@register.simple_tag
def kept(text: str, translation: str, language: str) -> SafeString:
    """What was kept in two languages, the shop's own and `language` (if `translation` is not empty): in the
    page's where it is one of them, else in the shop's own and marked so.
    """
    if translation and language == get_language():
        return conditional_escape(translation)
    return own(text)


def sentence(words: str, /, **values: object) -> SafeString:
    """Words with `%(name)s` in them as HTML: all is escaped but values that are marked like the above."""
    return SafeString(conditional_escape(words) % {key: _html(value) for key, value in values.items()})


def _unless_here(language: str) -> SafeString:
    return SafeString("") if language == get_language() else format_html(' lang="{}"', language)


def marked(mark: SafeString, text: object) -> SafeString:
    """A text within a sentence with the mark that an element would have."""
    return format_html("<span{}>{}</span>", mark, text) if mark else _html(text)


def _html(text: object) -> SafeString:
    return format_html("{}", text)
