"""Read environment variables for the settings."""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def env(name: str, default: str = "") -> str:
    """Return the variable without surrounding blanks. An empty one counts as unset."""
    return os.environ.get(name, "").strip() or default


def env_list(name: str) -> list[str]:
    """Return a comma-separated variable as a list."""
    return [item.strip() for item in env(name).split(",") if item.strip()]


def env_int(name: str, default: int) -> int:
    """Return a variable as a whole number. Raises ImproperlyConfigured."""
    value = env(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def env_networks(name: str, default: str) -> list[IPv4Network | IPv6Network]:
    """Return a comma-separated variable of addresses and networks (10.0.0.0/8).

    Raises ImproperlyConfigured.
    """
    try:
        return [ip_network(item.strip()) for item in env(name, default).split(",") if item.strip()]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must name addresses or networks: {error}.") from error


def local_address() -> str:
    """Return the machine's address on its network, from its routes. It sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))
        except OSError:  # no network
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def url_host(host: str) -> str:
    """Return a host for use in a URL. IPv6 is in brackets."""
    return f"[{host}]" if ":" in host else host


def parse_database_url(url: str) -> dict[str, object]:
    """Parse `postgres://user:password@host:port/name?option=value` into Django's settings."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must start with postgres://; SQLite lives in DATA_DIR.")
    return {
        "ENGINE": "shop.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 60 * 60,  # a new connection plans each of its statements anew
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _database_options(dict(parse_qsl(parts.query))),
    }


def _database_options(options: dict[str, object]) -> dict[str, object]:
    """Return the URL's options.

    If it lacks `prepare_threshold`, statements are prepared when they are repeated. Raises
    ImproperlyConfigured.
    """
    threshold = str(options.get("prepare_threshold", 1))
    if not threshold.isdigit() and threshold != "none":
        raise ImproperlyConfigured("DATABASE_URL's prepare_threshold must be a whole number or none.")
    return options | {"prepare_threshold": None if threshold == "none" else int(threshold)}


def cache_settings(redis_url: str, file: Path) -> dict[str, object]:
    """Return Django's cache settings, which are Redis, or a file in the embedded setup."""
    if not redis_url:
        return {"BACKEND": "shop.sqlite.cache.SqliteCache", "LOCATION": file}
    return {
        "BACKEND": "shop.core.web.redis_cache.TolerantRedisCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": "shop",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }


def broker_options(redis_url: str, folder: Path) -> dict[str, object]:
    """Return Celery's transport options for Redis or the queue's folder. Timeouts are one second."""
    if not redis_url:
        return {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            "store_processed": False,
        }
    return {
        "visibility_timeout": 3600,
        "socket_connect_timeout": 1,
        "socket_timeout": 1,
        "retry_on_timeout": False,
        "max_retries": 0,
    }


def is_loopback(host: str) -> bool:
    """Return whether the name or address is only reachable from this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:  # the text is a host name
        return False
