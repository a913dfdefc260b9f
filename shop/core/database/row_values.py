"""Save rows with unique fields, and check column limits and foreign keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Missing, Refused
from shop.core.texts.folding import slugify

Row = TypeVar("Row", bound=models.Model)


class AlreadyTaken(Refused):
    code = "already_taken"
    default_message = _("This address, number or reference is already in use.")


class InvalidColumnValue(Refused):
    code = "invalid_column_value"
    default_message = _("This is too long or too large, or contains characters that are not allowed here.")


def save_unique(row: models.Model, *, field: str = "slug") -> None:
    """Save a row.

    Raises AlreadyTaken if a unique value belongs to another row, and InvalidColumnValue if a text is too
    long, a number too large or an address invalid.
    """
    require_column_limits(row)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise AlreadyTaken(field=field) from error


def require_column_limits(row: models.Model) -> None:
    """Check a row's values against the limits of the columns, because PostgreSQL's errors name no field.

    Raises InvalidColumnValue.
    """
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if not value or not isinstance(field, (models.CharField, models.TextField, models.IntegerField)):
            continue
        try:
            field.run_validators(value)
            ProhibitNullCharactersValidator()(str(value))
        except ValidationError as error:
            raise InvalidColumnValue(field=to_camel_case(field.name)) from error


def to_camel_case(name: str) -> str:
    """Return the API's default name of a column."""
    first, *other_words = name.split("_")
    return first + "".join(word.title() for word in other_words)


def unused_slug(model: type[models.Model], name: str) -> str:
    """Return a slug for the name that no other row has, with a number appended if needed."""
    plain = slugify(name)[:230]
    used_slugs = set(model._default_manager.filter(slug__startswith=plain).values_list("slug", flat=True))
    candidates = (plain if number == 1 else f"{plain}-{number}" for number in range(1, len(used_slugs) + 2))
    return next(candidate for candidate in candidates if candidate not in used_slugs)


def require_related_rows(model: type[models.Model], values: Mapping[str, object]) -> None:
    """Check that referenced rows exist. Raises Missing. The database would report it only at commit."""
    for field in model._meta.concrete_fields:
        related = field.related_model
        key = values.get(field.attname)
        if related is None or key is None:
            continue
        if not related._default_manager.filter(pk=key).exists():
            raise Missing(field=to_camel_case(field.name))


def require_rows(model: type[Row], keys: Collection[object], *, field: str) -> list[Row]:
    """Return the rows with these keys, by key. Raises Missing if one of them is missing."""
    rows = list(model._default_manager.filter(pk__in=keys).order_by("pk"))
    if len(rows) < len(set(keys)):
        raise Missing(field=field)
    return rows
