"""The Lambda endpoints: REST routes, a function URL and the scheduled flush, all on the same core.

Every route takes all methods and content types, so that the core answers 405, 415 and CORS on every endpoint.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from chalice.app import Chalice, Request, Response

from lambdas import flush
from lambdas.emf import MeasuredCollector
from lambdas.http_events import rest_request, rest_response, url_request, url_response
from logdig.collect import factory, http
from logdig.collect.collector import METHODS, PATHS, RETRY_AFTER_SECONDS, Collector
from logdig.collect.responses import error_reply
from logdig.config.loader import find_settings
from logdig.counters import Counters
from logdig.errors import TransientError

_log = logging.getLogger(__name__)

EXPOSURE_WAIT_SECONDS = 0.02
"""Lambda freezes the process after its reply, so the exposure of a decision is sent before it."""


@cache
def collector() -> MeasuredCollector:
    """Build the collector on the first request: an import makes no AWS call."""
    settings = find_settings(os.environ)
    parts = factory.build(settings, os.environ, counters=Counters(), exposure_wait_seconds=EXPOSURE_WAIT_SECONDS)
    return MeasuredCollector(parts.collector, settings.prefix)


def answer_with(get_collector: Callable[[], Collector | MeasuredCollector], request: http.Request) -> http.Reply:
    """Answer a request; 503 while the collector cannot be built because AWS does not answer."""
    try:
        served = get_collector()
    except TransientError as err:
        # The response does not repeat AWS's message.
        _log.warning("cannot start: %s", err)
        return error_reply(request, err.http_status, err, (("Retry-After", str(RETRY_AFTER_SECONDS)),))
    return served.handle(request)


def build_app(get_collector: Callable[[], Collector | MeasuredCollector]) -> Chalice:
    """Make the Chalice application; ``get_collector`` is called at each request."""
    # Chalice would configure the logger "logdig" as its own and silence our warnings.
    chalice = Chalice(app_name="logdig", configure_logs=False)

    def answer() -> Response:
        event = cast(Request, chalice.current_request).to_original_event()
        return rest_response(answer_with(get_collector, rest_request(event)))

    for path in PATHS:
        chalice.route(path, methods=list(METHODS), content_types=["*/*"], name="answer")(answer)
    return chalice


app = build_app(collector)
flush.register(app)
# Lambda looks its handlers up by name in this module.
scheduled, run = app.handler_map["flush"], app.handler_map["flush-now"]


@app.lambda_function(name="collect")
def function_url(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a request of the function URL, the cheapest endpoint: no API Gateway in front."""
    return url_response(answer_with(collector, url_request(event)))
