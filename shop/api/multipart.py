"""Parse requests with files by the GraphQL multipart request specification: `operations`, `map`, files."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest

MOST_PLACES = 50  # of all files together, because each may become a copy in the storage


class BadMultipart(ValueError):
    """The body does not follow the specification."""


def operation_with_files(request: HttpRequest) -> Any:
    """Return `operations` with each file at its paths from `map`. Raises BadMultipart."""
    try:
        operation = orjson.loads(request.POST["operations"])
        places = orjson.loads(request.POST["map"])
    except KeyError as error:
        raise BadMultipart("A multipart request needs the parts `operations` and `map`.") from error
    except orjson.JSONDecodeError as error:
        raise BadMultipart("`operations` and `map` must be JSON.") from error
    if not isinstance(operation, dict) or not isinstance(places, dict):
        raise BadMultipart("`operations` must be a single operation, and `map` an object.")
    if sum(len(paths) for paths in places.values() if isinstance(paths, list)) > MOST_PLACES:
        raise BadMultipart(f"`map` may name {MOST_PLACES} places at the most.")
    for name, paths in places.items():
        file = request.FILES.get(name)
        if file is None or not isinstance(paths, list):
            raise BadMultipart(f"There is no file for the part {name[:40]!r} of `map`.")
        for path in paths:
            _insert_file(operation, str(path).split("."), file)
    return operation


def _insert_file(target: Any, path: list[str], file: Any) -> None:
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
        raise BadMultipart(
            f"`map` names {'.'.join(path)[:80]!r}, which `operations` does not have."
        ) from error
