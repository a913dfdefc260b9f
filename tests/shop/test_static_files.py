"""Scripts and style sheets are minified when static files are collected."""

from __future__ import annotations

from pathlib import Path

import brotli
import minify as minifier
import pytest
from django.core.files.storage import FileSystemStorage

from shop.server.static_files import MinifiedStaticFilesStorage

pytestmark = pytest.mark.once

SCRIPT = """// Say hello to whoever comes.
export const greet = (visitor) => {
  const greeting = `Xin chào, ${visitor?.name ?? "bạn"}!`;
  return greeting;
};
"""
MINIFIED_SCRIPT = 'export const greet=e=>{const t=`Xin chào, ${e?.name??"bạn"}!`;return t}'
STYLE = "/* Room for thumbs. */\n.button {\n  background: url(../images/hem.svg);\n}\n"


def test_scripts_and_style_sheets_are_minified_hashed_and_compressed(tmp_path: Path) -> None:
    sources = _write(
        tmp_path / "sources",
        {"js/greet.js": SCRIPT, "css/look.css": STYLE, "vendor/kit.js": SCRIPT, "images/hem.svg": "<svg/>"},
    )

    collected = _collect(sources, tmp_path / "collected")

    assert collected["js/greet.js"] == MINIFIED_SCRIPT
    assert collected["css/look.css"] == '.button{background:url("../images/hem.677433a0892a.svg")}'
    assert collected["vendor/kit.js"] == SCRIPT
    assert {name: (tmp_path / "sources" / name).read_text() for name in ("js/greet.js", "css/look.css")} == {
        "js/greet.js": SCRIPT,
        "css/look.css": STYLE,
    }


def test_invalid_script_is_not_collected(tmp_path: Path) -> None:
    sources = _write(tmp_path / "sources", {"js/broken.js": "const = ;"})

    with pytest.raises(minifier.MinifyError):
        _collect(sources, tmp_path / "collected")


def _write(folder: Path, files: dict[str, str]) -> FileSystemStorage:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return FileSystemStorage(folder)


def _collect(sources: FileSystemStorage, target: Path) -> dict[str, str]:
    """Collect all files as Django's command does, and return what is served under the hashed names."""
    storage = MinifiedStaticFilesStorage(location=target, base_url="/static/")
    names = sorted(str(path.relative_to(sources.location)) for path in Path(sources.location).rglob("*.*"))
    for name in names:
        with sources.open(name) as source:
            storage.save(name, source)
    for _name, _hashed_name, processed in storage.post_process({name: (sources, name) for name in names}):
        if isinstance(processed, Exception):
            raise processed
    served = {}
    for name in names:
        path = target / storage.stored_name(name)
        served[name] = path.read_text()
        compressed = path.with_name(f"{path.name}.br")
        if compressed.exists():
            assert brotli.decompress(compressed.read_bytes()) == path.read_bytes()
    return served
