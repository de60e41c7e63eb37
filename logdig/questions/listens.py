"""Where people listen."""

from __future__ import annotations

import msgspec
import pyarrow.compute as pc

from logdig.marts.reader import Marts


class Share(msgspec.Struct, frozen=True):
    """A part of a whole, as counts."""

    part: int
    whole: int


def mobile_share(marts: Marts, app: str) -> Share:
    """Count the listens of an app that were on a phone; one that does not say is left out."""

    def count() -> Share:
        known = marts.table("listens", ["mobile"], [("app", "=", app)]).column("mobile").drop_null()
        return Share(pc.sum(known).as_py() or 0, len(known))

    return marts.cached(("mobile share", app), "listens", count)
