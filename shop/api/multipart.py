"""Parse requests with files by the GraphQL multipart request specification: `operations`, `map`, files."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest

MAX_FILE_PATHS = 50  # of all files together, because each may become a copy in the storage


class InvalidMultipart(ValueError):
    """The body does not follow the specification."""


def operation_with_files(request: HttpRequest) -> object:
    """Return `operations` with each file at its paths from `map`. Raises InvalidMultipart."""
    try:
        operation = orjson.loads(request.POST["operations"])
        paths_by_file = orjson.loads(request.POST["map"])
    except KeyError as error:
        raise InvalidMultipart("A multipart request needs the parts `operations` and `map`.") from error
    except orjson.JSONDecodeError as error:
        raise InvalidMultipart("`operations` and `map` must be JSON.") from error
    if not isinstance(operation, dict) or not isinstance(paths_by_file, dict):
        raise InvalidMultipart("`operations` must be a single operation, and `map` an object.")
    if sum(len(paths) for paths in paths_by_file.values() if isinstance(paths, list)) > MAX_FILE_PATHS:
        raise InvalidMultipart(f"`map` may name at most {MAX_FILE_PATHS} places.")
    for name, paths in paths_by_file.items():
        file = request.FILES.get(name)
        if file is None or not isinstance(paths, list):
            raise InvalidMultipart(f"There is no file for the part {name[:40]!r} of `map`.")
        for path in paths:
            _insert_file(operation, str(path).split("."), file)
    return operation


def _insert_file(target: Any, path: list[str], file: object) -> None:
    """Replace the null at this path with the file."""
    *parents, last = path
    try:
        for step in parents:
            target = target[int(step)] if isinstance(target, list) else target[step]
        if isinstance(target, list):
            target[int(last)] = file
        elif last in target:
            target[last] = file
        else:
            raise KeyError(last)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InvalidMultipart(
            f"`map` names {'.'.join(path)[:80]!r}, which `operations` does not have."
        ) from error
