"""Mark the language of texts that may differ from the page's language."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from shop.core.models import untranslated_fields


def lang(row: models.Model | None, field: str) -> SafeString:
    """Return ` lang="vi"` for an element with an untranslated text of the row, else "".

    Screen readers then pronounce it correctly. The row must have been passed to
    `shop.core.models.show_in_language`.
    """
    if not row or field not in untranslated_fields(row):
        return SafeString("")
    return format_html(' lang="{}"', settings.LANGUAGE_CODE)


def lang_untranslated() -> SafeString:
    """Return the `lang` attribute for texts that are never translated, such as places and addresses.

    It is empty on Vietnamese pages.
    """
    return _lang_unless_current(settings.LANGUAGE_CODE)


def translated(row: models.Model, field: str) -> SafeString:
    """Return a text of the row for use within a sentence, marked like `lang` marks elements."""
    return marked(lang(row, field), getattr(row, field))


def untranslated(text: object) -> SafeString:
    """Return an untranslatable text within a sentence, marked like `lang_untranslated` marks elements."""
    return marked(lang_untranslated(), text)


def stored_text(text: str, translation: str, language: str) -> SafeString:
    """Return a stored text in the page's language, or the original, marked."""
    if translation and language == get_language():
        return conditional_escape(translation)
    return untranslated(text)


def sentence(template: str, /, **values: object) -> SafeString:
    """Format `%(name)s` placeholders as HTML. Everything is escaped except values that are already marked."""
    return SafeString(conditional_escape(template) % {key: _html(value) for key, value in values.items()})


def _lang_unless_current(language: str) -> SafeString:
    return SafeString("") if language == get_language() else format_html(' lang="{}"', language)


def marked(mark: SafeString, text: object) -> SafeString:
    """Wrap a text within a sentence in a span with the `lang` attribute."""
    return format_html("<span{}>{}</span>", mark, text) if mark else _html(text)


def _html(text: object) -> SafeString:
    return format_html("{}", text)
