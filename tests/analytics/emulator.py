"""Moto, where an object with AGED in its key is two days old: no test can wait a day for a file to grow old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from moto.s3.models import FakeKey

from infra.local.emulator import main

AGED = "two-days-old"
_made = FakeKey.__init__


def _make(key: Any, name: str, *arguments: Any, **named: Any) -> None:
    _made(key, name, *arguments, **named)
    if AGED in name:
        key.last_modified -= timedelta(days=2)


if __name__ == "__main__":
    FakeKey.__init__ = _make
    main()
