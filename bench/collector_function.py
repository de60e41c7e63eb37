"""The function-URL handler: processor time of a warm request without the queue call, and of a cold import."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from collector_load import ORIGIN, TOKEN, tracker_body
from collector_server import ROOT


def function_url() -> None:
    """CPU of a warm request through the function-URL handler, and of a cold import."""
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1")
    from lambdas.http_events import url_request, url_response
    from logdig.collect import factory
    from logdig.collect.collector import Collector
    from logdig.config.apps import Apps
    from logdig.config.loader import parse_settings
    from tests.fakes.sinks import NullSink

    settings = parse_settings({"apps": [{"name": "bench", "token": TOKEN, "origins": [ORIGIN]}]})
    collector = Collector(Apps.from_settings(settings, {}), NullSink(), factory.utc_now, factory.new_id)
    for events in (1, 10):
        asked = {
            "rawPath": "/v1/events", "rawQueryString": "", "body": tracker_body(events).decode(),
            "headers": {"origin": ORIGIN, "content-type": "text/plain", "user-agent": "Mozilla/5.0 Firefox/140"},
            "requestContext": {"http": {"method": "POST", "sourceIp": "198.51.100.7"}},
        }  # fmt: skip
        for _ in range(200):
            assert url_response(collector.handle(url_request(asked)))["statusCode"] == 202
        started = time.process_time()
        for _ in range(2000):
            url_response(collector.handle(url_request(asked)))
        print(f"function URL, {events} events: {(time.process_time() - started) / 2:.3f} ms CPU a warm request")
    code = (
        "import time; c, w = time.process_time(), time.perf_counter(); import lambdas.app; "
        "print(time.process_time() - c, time.perf_counter() - w)"
    )
    runs = [
        tuple(
            map(
                float,
                subprocess.run(
                    [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
                ).stdout.split(),
            )
        )
        for _ in range(7)
    ]
    cpu, wall = min(runs)
    print(f"function URL, import of the module: {cpu:.2f} s CPU, {wall:.2f} s (best of 7)")
