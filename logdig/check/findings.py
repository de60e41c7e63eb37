"""Facts of a page -> what is right and wrong about it, line by line. Pure. Source: docs/check.md."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from logdig.addresses import normal_origin
from logdig.check import page_findings as page
from logdig.check.facts import Finding, PageFacts, json_of, origin_of
from logdig.config.apps import App, Apps

NAMES = (
    "page", "tag", "script", "parts", "blockers", "csp", "collector", "token", "origin", "cors", "consent", "event",
)  # fmt: skip
NOT_CHECKED = "not checked"


def find(facts: PageFacts, apps: Apps | None, now: datetime) -> list[Finding]:
    """Judge a page; one finding for each of NAMES, in their order.

    Args:
        facts: What the browser saw.
        apps: Apps of the settings; None where there are none, and the collector alone is asked.
        now: For tokens that end.
    """
    first = page.page_finding(facts)
    if not first.ok:
        return [first, *(Finding(name, None, NOT_CHECKED) for name in NAMES[1:])]
    app = apps.find(facts.token, now) if apps and facts.token else None
    collector = collector_finding(facts)
    replies = [
        token_finding(facts, app, has_apps=apps is not None),
        origin_finding(facts, app),
        cors_finding(facts),
    ]
    if not collector.ok:
        replies = [Finding(reply.name, None, f"{NOT_CHECKED}: no collector") for reply in replies]
    findings = [first, *(judge(facts) for judge in _OF_THE_PAGE), collector, *replies, page.consent_finding(facts)]
    return [*findings, event_finding(facts, findings)]


_OF_THE_PAGE: tuple[Callable[[PageFacts], Finding], ...] = (
    page.tag_finding,
    page.script_finding,
    page.parts_finding,
    page.blockers_finding,
    page.csp_finding,
)


def collector_finding(facts: PageFacts) -> Finding:
    """Whether a collector answers where the tag says."""
    probe, step = facts.probe, "check data-endpoint, and that the collector runs"
    if probe is None:
        return Finding("collector", None, f"{NOT_CHECKED}: no address")
    if facts.origin.startswith("https:") and facts.api.startswith("http:") and not _is_loopback(facts.api):
        return Finding(
            "collector", False, f"{facts.api} is http, which a page of https may not ask", "serve it by https"
        )
    if probe.error:
        return Finding("collector", False, f"{probe.url}: {probe.error}", step)
    reply = json_of(probe.body)
    if probe.status in (429, 503):
        what = f"{probe.url} answers HTTP {probe.status}: {reply.get('detail', 'busy')}"
        return Finding("collector", False, what, "try again; 'logdig status' and docs/operations.md tell more")
    if ("accepted" if probe.status == 202 else "detail") not in reply or probe.status == 404:
        return Finding("collector", False, f"{probe.url} answers HTTP {probe.status}, and is no collector", step)
    return Finding("collector", True, f"{facts.api} answers")


def _is_loopback(url: str) -> bool:
    return origin_of(url).split("://")[1].rsplit(":", 1)[0] in ("localhost", "127.0.0.1", "[::1]")


def token_finding(facts: PageFacts, app: App | None, *, has_apps: bool) -> Finding:
    """Whether the collector, or else the settings, know the token."""
    if not facts.token or facts.probe is None:
        return Finding("token", None, f"{NOT_CHECKED}: no token" if not facts.token else NOT_CHECKED)
    step = "'logdig app list' shows the tokens; a new app or token needs a deploy, or a restart of the collector"
    status = facts.probe.status
    if status == 401:
        known = f", though logdig.toml has it for {app.name}" if app else ""
        return Finding("token", False, f"the collector does not know {facts.token}{known}", step)
    if status == 202 or app is not None:
        return Finding("token", True, f"{facts.token}{f', app {app.name}' if app else ''}")
    if status == 403 and has_apps:
        return Finding("token", False, f"logdig.toml has no app with {facts.token}", step)
    return Finding("token", None, "unknown until the collector admits the origin" if status == 403 else NOT_CHECKED)


def origin_finding(facts: PageFacts, app: App | None) -> Finding:
    """Whether pages of this origin may write."""
    status = facts.probe.status if facts.probe else 0
    step = f'add "{facts.origin}" to origins of the app in logdig.toml, then deploy, or restart the collector'
    if status == 403:
        normal = normal_origin(facts.origin)
        known = app is not None and normal is not None and app.admits(normal)
        more = f", though logdig.toml has it for {app.name}" if known and app else ""
        return Finding("origin", False, f"the collector refuses {facts.origin}{more}", step)
    if status == 202:
        return Finding("origin", True, f"{facts.origin} is registered")
    return Finding("origin", None, "unknown until the token is right" if status == 401 else NOT_CHECKED)


def cors_finding(facts: PageFacts) -> Finding:
    """Whether the page may read the collector's responses."""
    probe = facts.probe
    if facts.api and origin_of(facts.api) == facts.origin:
        return Finding("cors", True, "the collector has the page's own origin")
    if probe is None or probe.status not in (202, 401):
        return Finding("cors", None, "follows from origin" if probe and probe.status == 403 else NOT_CHECKED)
    if probe.allow_origin in ("*", facts.origin):
        return Finding("cors", True, f"the collector lets {facts.origin} read its responses")
    what = f"the response has Access-Control-Allow-Origin {probe.allow_origin or 'missing'}, not {facts.origin}"
    return Finding(
        "cors", False, what, "let the proxy or CDN before the collector pass its headers on, and vary by Origin"
    )


def event_finding(facts: PageFacts, findings: list[Finding]) -> Finding:
    """Whether the first event was stored, or why not."""
    best = max(facts.posts, key=lambda post: post.response.status == 202, default=None)
    if best is None:
        return _no_event(facts, findings)
    reply = json_of(best.response.body)
    rejected = reply.get("rejected")
    if best.response.status == 202 and reply.get("accepted"):
        return Finding(
            "event", True, f"{' and '.join(dict.fromkeys(best.types))}: accepted by the collector, and queued"
        )
    if isinstance(rejected, list) and rejected and isinstance(rejected[0], dict):
        words = ": ".join(str(rejected[0][name]) for name in ("field", "reason") if rejected[0].get(name))
        return Finding("event", False, f"rejected by the collector: {words}", "'logdig bad list' shows it whole")
    said = best.response.error or f"HTTP {best.response.status} {reply.get('detail', '')}".rstrip()
    return Finding(
        "event", False, f"sent, and not accepted: {said}", _causes(facts, findings) or "look at the browser's console"
    )


def _no_event(facts: PageFacts, findings: list[Finding]) -> Finding:
    causes = _causes(facts, findings)
    if causes:
        return Finding("event", False, "none was sent", causes)
    waits = next((each for each in findings if each.name in ("tag", "consent") and each.ok is None), None)
    if waits is not None:
        return Finding("event", None, f"none was sent, see {waits.name}")
    sampled = facts.tag.attributes.get("sampleRate") if facts.tag else None
    if sampled is not None:
        what = f'none was sent; with data-sample-rate="{sampled}" not every visitor is recorded'
        return Finding("event", None, what, "run the check again: each time is another visitor")
    said = facts.warnings[0] if facts.warnings else facts.probe_in_page
    step = "look at the browser's console after logdig('debug')"
    return Finding("event", False, f"none was sent, and the tracker runs{f': {said}' if said else ''}", step)


def _causes(facts: PageFacts, findings: list[Finding]) -> str:
    """Name what is wrong and keeps events away: not a blocker's rule, and parts only where the tag has options."""
    harmless = ("blockers",) if facts.tag and facts.tag.attributes else ("blockers", "parts")
    names = [finding.name for finding in findings if finding.ok is False and finding.name not in harmless]
    return f"first put right: {', '.join(names)}" if names else ""
