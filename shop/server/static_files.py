"""Static files as visitors receive them. Our scripts and style sheets are minified, hashed and compressed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Third-party files are served as published, because most are minified already and versions.txt names their
# digests.
_OUR_FOLDERS = ("css", "js")
_MEDIA_TYPES = {".css": "text/css", ".js": "application/javascript"}
# A static import of a neighbour, and what replaces it once the neighbour's name is hashed.
_RELATIVE_IMPORT = (
    r"""(?P<matched>import(?P<names>[\s{][^;]*?)from\s*["'](?P<url>\.[^"']+)["'];)""",
    'import%(names)sfrom "%(url)s";',
)
_ECMASCRIPT_YEAR = 2020  # optional chaining, which our scripts use; the minifier adds nothing newer


class MinifiedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Minifies our scripts and style sheets before their digests become part of their names."""

    # Django's own pattern also reads packages' files, and one of these imports a missing module.
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", (_RELATIVE_IMPORT,)))

    def post_process(
        self, paths: dict[str, tuple[Storage, str]], **options: Any
    ) -> Iterator[tuple[str, str | None, bool | Exception]]:
        if not options.get("dry_run"):
            paths = {name: self._minify(name, *source) for name, source in paths.items()}
        yield from super().post_process(paths, **options)

    def _minify(self, name: str, storage: Storage, path: str) -> tuple[Storage, str]:
        if not should_minify(name):
            return storage, path
        with storage.open(path) as source:
            text = minify(name, source.read().decode())
        self.delete(name)
        self._save(name, ContentFile(text.encode()))
        return self, name


def should_minify(name: str) -> bool:
    """Return whether the static file is one of our scripts or style sheets."""
    path = PurePosixPath(name)
    return path.parts[0] in _OUR_FOLDERS and path.suffix in _MEDIA_TYPES


def minify(name: str, text: str) -> str:
    """Return the script or style sheet without comments, spare spaces and long names of local variables.

    The text is returned unchanged outside Linux, where the minifier has no package for each machine.
    Raises `minify.MinifyError` if the text is not valid.
    """
    if sys.platform != "linux":
        return text
    import minify as minifier

    minifier.config({"js-version": _ECMASCRIPT_YEAR})
    minified: str = minifier.string(_MEDIA_TYPES[PurePosixPath(name).suffix], text)
    return minified
