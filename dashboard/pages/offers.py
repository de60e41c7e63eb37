"""Offers: did it help, whom does it reach and move, who is a target and why, and how good the model is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.page import NUMBERS, PEOPLE, Has, Page, Route
from dashboard.request import Request
from logdig.config.offers import OfferSettings
from logdig.decide.policy import decide
from logdig.decide.profiles import OfferScore, Profile, person_key
from logdig.questions.engine.question import Answer
from logdig.questions.trials.model_card import card
from logdig.questions.trials.offers import terms_of
from logdig.store.state.model_choices import Choice, choice_key, read_choices, serving

MOST_BYTES = 256 * 1024**2
"""Of models or targets that a page reads."""
LISTED = 100
"""So many targets are shown; the export has all that may be reached."""


def _offer(request: Request) -> OfferSettings:
    """The offer that is asked, or the first one."""
    name = request.choice("offer", [offer.name for offer in request.settings.offers])
    return next(offer for offer in request.settings.offers if offer.name == name)


def _asked(request: Request, question: str, by: str | None = None) -> Answer:
    """A question of the chosen offer."""
    terms = terms_of(request.settings.offers)
    return request.answer(question, by=by, where={"offer": _offer(request).name}, compare=False, terms=terms)


def names(request: Request) -> list[str]:
    """Offers of the settings."""
    return [offer.name for offer in request.settings.offers]


def uplift(request: Request) -> Answer:
    """The trial of the month."""
    return _asked(request, "uplift")


def bands(request: Request) -> Answer:
    """The same by bands of the score."""
    return _asked(request, "bands")


def reach(request: Request) -> Answer:
    """Whom the offer reached in the asked days."""
    return _asked(request, "offers")


def reasons(request: Request) -> Answer:
    """Why it was shown or not."""
    return _asked(request, "offers", by="reason")


def model(request: Request) -> dict[str, Any]:
    """The model that serves, in words, and the newest one where that is another."""
    name = _offer(request).name
    rows = [row for row in _rows(request, "models") if row["offer"] == name]
    if not rows:
        return {"rows": []}
    key = choice_key(request.app.name, name)
    served = serving(rows, read_choices(request.store).get(key, Choice()))
    newest = max(rows, key=lambda row: row["trained_at"])
    shown = [row for row in (served, newest) if row is not None]
    cards = [_card(row, served) for row in ([shown[0]] if _same(shown[0], newest) else shown)]
    # Every target's row says how far the scores have moved.
    drift = next((row["drift"] for row in _rows(request, "targets") if row["offer"] == name), None)
    return {"rows": [one | {"drift": drift if one["state"] == "serves" else None} for one in cards]}


def targets(request: Request) -> dict[str, Any]:
    """The best targets, with reasons."""
    rows = _targets(request)
    return {"rows": [_told(row) for row in rows[:LISTED]], "total_rows": len(rows)}


def export(request: Request) -> dict[str, Any]:
    """Targets whom the policy would show the offer: nobody who is held out or whose score is too old."""
    offer, local = _offer(request), request.now.astimezone(ZoneInfo(request.app.timezone))
    reached = (row for row in _targets(request) if decide(_profile(row), [offer], local, ads_consent=True).ad)
    return {"rows": [_told(row) for row in reached]}


def _targets(request: Request) -> list[dict[str, Any]]:
    name = _offer(request).name
    return sorted((row for row in _rows(request, "targets") if row["offer"] == name), key=lambda row: row["rank"])


def _rows(request: Request, table: str) -> Iterable[dict[str, Any]]:
    rows = request.source.pin([table]).whole(table, None, MOST_BYTES).to_pylist()
    return (row for row in rows if row["app"] == request.app.name)


def _profile(row: Mapping[str, Any]) -> Profile:
    """What the job `targets` wrote of a target; only people who allow ads are targets."""
    known = OfferScore(row["score"], row["model_version"], True, row["band"] or 0, row["holdout_share"])
    person = person_key(row["app"], customer_id=row["customer_id"], user_key=row["user_key"])
    return Profile(person, row["features_as_of"], {row["offer"]: known}, row["level"], row["status"])


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    columns = ("rank", "customer_id", "user_key", "level", "score", "band", "reason", "expires_at")
    return {name: row[name] for name in columns}


def _card(row: Mapping[str, Any], served: Mapping[str, Any] | None) -> dict[str, Any]:
    is_served = served is not None and _same(row, served)
    facts = {name: row[name] for name in ("model_version", "trained_at", "kind", "reason")}
    return {**facts, **card(row, serves=is_served)}


def _same(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(row["trained_at"] == other["trained_at"])


def _has_offers(has: Has) -> bool:
    return bool(has.settings.offers)


PAGE = Page(
    "offers",
    70,
    routes=(
        Route("names", names, NUMBERS),
        Route("uplift", uplift, NUMBERS),
        Route("bands", bands, NUMBERS),
        Route("reach", reach, NUMBERS),
        Route("reasons", reasons, NUMBERS),
        Route("model", model, NUMBERS),
        Route("targets", targets, PEOPLE),
        Route("export", export, PEOPLE),
    ),
    needs=_has_offers,
)
