"""The keyword arguments that our forms pass on to Django's."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.utils.datastructures import MultiValueDict
    from django.utils.functional import _StrPromise

FormData: TypeAlias = Mapping[str, object] | None
FormFiles: TypeAlias = "MultiValueDict[str, UploadedFile[bytes]] | None"
Label: TypeAlias = "str | _StrPromise"


class FormOptions(TypedDict, total=False):
    """The keyword arguments of `django.forms.Form`, passed on unchanged."""

    auto_id: bool | str
    initial: MutableMapping[str, Any] | None
    prefix: str | None
    label_suffix: str | None
    empty_permitted: bool
    use_required_attribute: bool | None
