"""Users: their sign-in, accounts and profiles."""

from pathlib import Path

from shop.api.account import passwords, profile, queries, registration, sign_in, types
from shop.api.schema import Area

AREA = Area(
    Path(__file__).parent,
    types=(
        *types.TYPES,
        queries.query,
        sign_in.mutation,
        registration.mutation,
        passwords.mutation,
        profile.mutation,
    ),
)
