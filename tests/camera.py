"""What the camera of a tested browser sees: a QR code in a video file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import segno

# One for each process, which starts one browser.
VIDEO = Path(tempfile.gettempdir()) / f"cho-phien-camera-{os.getpid()}.y4m"
FLAGS = [
    "--use-fake-ui-for-media-stream",  # each camera is allowed
    "--use-fake-device-for-media-stream",
    f"--use-file-for-fake-video-capture={VIDEO}",
]

_WIDTH, _HEIGHT = 640, 480
_WHITE, _BLACK, _NO_COLOUR = b"\xeb", b"\x10", b"\x80"


def show_to_camera(text: str) -> None:
    """Let cameras that are opened from now on see the QR code of this text."""
    code = segno.make(text, micro=False)
    rows = [bytes(row) for row in code.matrix_iter(border=4)]
    scale = _HEIGHT // len(rows)
    lines = [
        b"".join((_BLACK if is_dark else _WHITE) * scale for is_dark in row).ljust(_WIDTH, _WHITE) * scale
        for row in rows
    ]
    picture = b"".join(lines).ljust(_WIDTH * _HEIGHT, _WHITE)
    frame = b"FRAME\n" + picture + _NO_COLOUR * (_WIDTH * _HEIGHT // 2)
    VIDEO.write_bytes(f"YUV4MPEG2 W{_WIDTH} H{_HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 5)
