from __future__ import annotations

import pytest
from django.template import Context, Template
from django.utils import translation

from shop.core.texts.marked_texts import sentence, untranslated

KEPT = "{% load languages %}{% stored_text own translated language %}"


@pytest.mark.parametrize(
    ("page", "language", "translated", "name_shown"),
    [
        ("vi", "vi", "", "Quýt"),
        ("vi", "en", "Mandarins", "Quýt"),
        ("en", "en", "Mandarins", "Mandarins"),
        ("en", "en", "", '<span lang="vi">Quýt</span>'),
        ("en", "vi", "", '<span lang="vi">Quýt</span>'),
        ("en", "fr", "Mandarines", '<span lang="vi">Quýt</span>'),
    ],
)
def test_name_in_the_page_language_is_shown(
    page: str, language: str, translated: str, name_shown: str
) -> None:
    context = {"own": "Quýt", "translated": translated, "language": language}

    with translation.override(page):
        assert Template(KEPT).render(Context(context)) == name_shown


def test_sentences_escape_all_but_their_markup() -> None:
    with translation.override("en"):
        html = sentence(
            "%(name)s & %(count)s of “%(other)s”", name=untranslated("<b>Mận"), count=2, other="<i>"
        )
    with translation.override("vi"):
        plain = untranslated("<b>Mận")

    assert html == '<span lang="vi">&lt;b&gt;Mận</span> &amp; 2 of “&lt;i&gt;”'
    assert plain == "&lt;b&gt;Mận"
