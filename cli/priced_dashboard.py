"""The dashboard with prices, which the cost model knows and the dashboard alone does not."""

import flask

from dashboard import server
from dashboard.pages.health import COST
from infra.cost.bill import bill, workload
from infra.cost.model import total
from infra.cost.prices import read_prices
from logdig.config.settings import Settings


def make_app() -> flask.Flask:
    """Make the application inside the worker process."""
    app = server.make_app()
    app.extensions[COST] = month_usd
    return app


def month_usd(settings: Settings, events: float) -> float:
    """What a month of so many events costs by the price list, as `logdig cost` adds it up."""
    return total(bill(workload(settings, events), read_prices()))
