"""Variables of the environment as the settings read them."""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def env(name: str, default: str = "") -> str:
    """The variable's value without surrounding blanks; an empty one counts as unset."""
    return os.environ.get(name, "").strip() or default


def words(name: str) -> list[str]:
    """A comma-separated variable as a list."""
    return [word.strip() for word in env(name).split(",") if word.strip()]


def whole(name: str, default: int) -> int:
    """A variable that must be a whole number."""
    value = env(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def networks(name: str, default: str) -> list[IPv4Network | IPv6Network]:
    """A comma-separated variable of addresses and networks (10.0.0.0/8)."""
    try:
        return [ip_network(word.strip()) for word in env(name, default).split(",") if word.strip()]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must name addresses or networks: {error}.") from error


def own_address() -> str:
    """The machine's address in its network, as its routes have it; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))
        except OSError:  # in no network
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def in_address(host: str) -> str:
    """A host as it stands in a web address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def database(url: str) -> dict[str, Any]:
    """`postgres://user:password@host:port/name?option=value` as Django's settings."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must start with postgres://; SQLite lives in DATA_DIR.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
