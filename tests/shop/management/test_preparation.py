import gettext
from io import StringIO

import pytest
from django.utils.translation import ngettext, override

from shop.management.preparation import compile_translations

pytestmark = pytest.mark.once

WORDS = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Accept %(count)s new order"
msgid_plural "Accept %(count)s new orders"
msgstr[0] "Nhận %(count)s đơn mới"
"""


def test_plurals_are_compiled_in_the_form_of_their_language(settings, tmp_path):
    settings.LOCALE_PATHS, settings.BASE_DIR = [tmp_path], tmp_path
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(WORDS)

    compile_translations(out=StringIO())

    with (folder / "django.mo").open("rb") as compiled:
        words = gettext.GNUTranslations(compiled)
    one, many = "Accept %(count)s new order", "Accept %(count)s new orders"
    assert words.ngettext(one, many, 1) == words.ngettext(one, many, 2) == "Nhận %(count)s đơn mới"


def test_what_was_compiled_since_it_changed_is_left_alone(settings, tmp_path):
    settings.LOCALE_PATHS, settings.BASE_DIR = [tmp_path], tmp_path
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(WORDS)
    compile_translations(out=StringIO())
    out = StringIO()

    compile_translations(out=out)

    assert out.getvalue() == ""
    assert [path.name for path in sorted(folder.iterdir())] == ["django.mo", "django.po"]


def test_words_that_were_asked_for_before_they_were_compiled_are_known_afterwards(settings, tmp_path):
    """On a fresh clone: the demo's letters are written by the process that compiles."""
    settings.LOCALE_PATHS, settings.BASE_DIR = [tmp_path], tmp_path
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(WORDS)
    one, many = "Accept %(count)s new order", "Accept %(count)s new orders"
    with override("vi"):
        assert ngettext(one, many, 1) == one

    compile_translations(out=StringIO())

    with override("vi"):
        assert ngettext(one, many, 1) == "Nhận %(count)s đơn mới"
