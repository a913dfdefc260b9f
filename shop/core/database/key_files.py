"""Private keys that the shop generates once and stores in DATA_DIR."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


def read_or_generate_key(path: Path, generate: Callable[[], PrivateKeyTypes]) -> str:
    """Read a generated key as PEM. The first process to need it creates the file."""
    if not path.exists():
        new_path = path.with_name(f"{path.name}.{os.getpid()}")
        new_path.touch(mode=0o600)
        new_path.write_bytes(
            generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        with contextlib.suppress(FileExistsError):  # another process was first, so use its key
            os.link(new_path, path)
        new_path.unlink()
    return path.read_text()
