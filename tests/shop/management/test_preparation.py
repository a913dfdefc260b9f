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


def test_plurals_are_compiled_for_their_language(settings, tmp_path) -> None:
    settings.LOCALE_PATHS, settings.BASE_DIR = [tmp_path], tmp_path
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(WORDS)

    compile_translations(out=StringIO())

    with (folder / "django.mo").open("rb") as compiled:
        catalogue = gettext.GNUTranslations(compiled)
    singular, plural = "Accept %(count)s new order", "Accept %(count)s new orders"
    assert (
        catalogue.ngettext(singular, plural, 1)
        == catalogue.ngettext(singular, plural, 2)
        == "Nhận %(count)s đơn mới"
    )


def test_compiled_translations_are_left_unchanged(settings, tmp_path) -> None:
    settings.LOCALE_PATHS, settings.BASE_DIR = [tmp_path], tmp_path
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(WORDS)
    compile_translations(out=StringIO())
    out = StringIO()

    compile_translations(out=out)

    assert out.getvalue() == ""
    assert [path.name for path in sorted(folder.iterdir())] == ["django.mo", "django.po"]


def test_translations_used_before_compilation_are_reloaded(settings, tmp_path) -> None:
    """On a fresh clone the process that compiles translations also renders the demo's emails."""
    settings.LOCALE_PATHS, settings.BASE_DIR = [tmp_path], tmp_path
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(WORDS)
    singular, plural = "Accept %(count)s new order", "Accept %(count)s new orders"
    with override("vi"):
        assert ngettext(singular, plural, 1) == singular

    compile_translations(out=StringIO())

    with override("vi"):
        assert ngettext(singular, plural, 1) == "Nhận %(count)s đơn mới"
