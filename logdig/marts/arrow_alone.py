"""Import Arrow without pandas: Arrow looks for it, which takes a second that a command without frames does not need."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder


class _NoPandas(MetaPathFinder):
    """Finder of modules that lets none be called pandas."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out while Arrow is imported", name=name)


def import_arrow_alone() -> None:
    """Import Arrow's reader of files; pandas stays out unless somebody has imported it.

    For programs of LogDig's own: until Arrow first makes an object of pandas, as ``to_pandas`` does, it takes those
    that others made for any other sequence.
    """
    hides = "pandas" not in sys.modules
    finder = _NoPandas()
    if hides:
        sys.meta_path.insert(0, finder)
    try:
        import pyarrow.dataset  # noqa: F401
    finally:
        if hides:
            sys.meta_path.remove(finder)
