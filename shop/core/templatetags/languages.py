"""Register the language marks of `shop.core.texts.marked_texts` as template tags and filters."""

from __future__ import annotations

from django import template

from shop.core.texts import marked_texts

register = template.Library()

register.simple_tag(marked_texts.lang)
register.simple_tag(marked_texts.lang_untranslated)
register.simple_tag(marked_texts.stored_text)
register.filter(marked_texts.translated)
register.filter(marked_texts.untranslated)
