"""Open a page in Chromium and note what happens: the facts that `logdig check` judges.

Playwright is the extra `capture`. Nothing here decides what is right; see logdig/check.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from infra.local.chromium import open_chromium
from infra.paths import ROOT
from logdig.check.facts import PROBE, PageFacts, Post, Response, Tag, Violation, json_of, origin_of
from logdig.errors import LogDigError

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from playwright.sync_api import Request as PageRequest

DIST = ROOT / "clicktracker_js" / "dist"
LOAD_MS, FETCH_MS, STEP_MS = 30_000, 10_000, 200
EVENTS_PATH = "/v1/events"

WATCH = """{
  const blocked = [];
  Object.defineProperty(window, 'logdigCheck', {value: blocked});
  addEventListener('securitypolicyviolation', (event) => {
    if (event.disposition === 'enforce') blocked.push([event.effectiveDirective, event.blockedURI]);
  }, true);
}"""
TRY_TO_SEND = "if (typeof logdig === 'function' && logdig.q && !Array.isArray(logdig.q)) logdig('flush')"
AGREE = "if (typeof logdig === 'function') logdig('consent', {analytics: true, ads: false})"
LOOK = """() => {
  const api = (endpoint) => {
    try { return endpoint ? new URL(endpoint.replace(/\\/*$/, '/v1/'), location.href).href : ''; } catch { return ''; }
  };
  const ours = [...document.querySelectorAll('script')].filter((script) =>
    'token' in script.dataset || /clicktracker(\\.debug)?\\.m?js([?#]|$)/i.test(script.src));
  return {
    origin: location.origin,
    tags: ours.map((script) => {
      const {token = '', endpoint = '', ...attributes} = script.dataset;
      return {src: script.src, type: script.type, token, api: api(endpoint), attributes};
    }),
    is_started: typeof window.logdig === 'function' && !!logdig.q && !Array.isArray(logdig.q),
    has_policy: !!document.querySelector('meta[http-equiv="Content-Security-Policy" i]'),
    has_signal: !!navigator.globalPrivacyControl || navigator.doNotTrack === '1',
  };
}"""
PROBE_IN_PAGE = """([url, body]) => fetch(url, {method: 'POST', body, credentials: 'omit'})
  .then(() => '', (error) => new Promise((resolve) => setTimeout(() => resolve(String(error)), 200)))"""
"""An error is told after the report of the policy that caused it."""
BLOCKED = "() => window.logdigCheck"


@dataclass(slots=True)
class _Seen:
    """What the page did so far: requests that ended with their error if they failed, and messages."""

    loads: list[tuple[PageRequest, str]] = field(default_factory=list)
    posts: list[tuple[PageRequest, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def visit(url: str, seconds: float, *, agree: bool) -> PageFacts:
    """Open a page and wait for the tracker's first answered request.

    Args:
        url: Address of the page.
        seconds: How long to wait for the request after loading.
        agree: Answer the consent question with yes for analytics.
    Raises:
        MissingPartError: Playwright or Chromium is missing.
        LogDigError: The page was left or closed while it was looked at.
    """
    with open_chromium() as browser:
        from playwright.sync_api import Error

        context = browser.new_context()
        context.set_default_timeout(FETCH_MS)
        page, seen = context.new_page(), _Seen()
        page.add_init_script(WATCH)
        _watch(page, seen)
        facts = _open(page, url)
        if facts.page.error or facts.page.status >= 400 or "html" not in facts.page.content_type:
            return facts
        _wait_for_event(page, seen, seconds, agree=agree)
        try:
            return _gather(page, facts, seen, agree=agree)
        except Error as err:
            raise LogDigError(f"{url} went away while it was looked at: {_short(err.message)}; try again") from err


def _open(page: Page, url: str) -> PageFacts:
    from playwright.sync_api import Error
    from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

    loaded: list[Any] = []
    page.on("response", lambda response: loaded.append(response) if response.request.is_navigation_request() else None)
    error = ""
    try:
        page.goto(url, timeout=LOAD_MS, wait_until="load")
    except PlaywrightTimeoutError:
        error = "" if loaded else f"no response within {LOAD_MS // 1000} s"
    except Error as err:
        error = _short(err.message)
    main = next((response for response in reversed(loaded) if response.frame == page.main_frame), None)
    if error or main is None:
        return PageFacts(url, Response(url, error=error or "no response"))
    headers = main.headers
    response = Response(main.url, main.status, headers.get("content-type", ""))
    return PageFacts(url, response, origin_of(page.url), has_policy="content-security-policy" in headers)


def _watch(page: Page, seen: _Seen) -> None:
    """Note the page's requests for scripts and to the collector, and the tracker's warnings."""

    def note(request: PageRequest, error: str = "") -> None:
        if request.resource_type == "script":
            seen.loads.append((request, error))
        elif request.method == "POST" and urlsplit(request.url).path.endswith(EVENTS_PATH):
            seen.posts.append((request, error))

    def note_message(text: str) -> None:
        if text.startswith("logdig:"):
            seen.warnings.append(text)

    page.on("requestfinished", note)
    page.on("requestfailed", lambda request: note(request, request.failure or "failed"))
    page.on("console", lambda message: note_message(message.text))


def _wait_for_event(page: Page, seen: _Seen, seconds: float, *, agree: bool) -> None:
    """Wait until the tracker had an answer; have it send at once what waits."""
    from playwright.sync_api import Error

    for step in range(max(1, round(seconds * 1000 / STEP_MS))):
        if seen.posts:
            return
        # The page may be leaving for another one just now.
        with suppress(Error):
            if agree and step == 0:
                page.evaluate(AGREE)
            page.evaluate(TRY_TO_SEND)
            page.wait_for_timeout(STEP_MS)


def _gather(page: Page, facts: PageFacts, seen: _Seen, *, agree: bool) -> PageFacts:
    look = page.evaluate(LOOK)
    tags = tuple(Tag(**tag) for tag in look["tags"])
    posts = tuple(_post_of(*post) for post in seen.posts)
    facts = replace(
        facts,
        origin=look["origin"],
        tags=tags,
        is_started=look["is_started"],
        has_policy=facts.has_policy or look["has_policy"],
        has_signal=look["has_signal"],
        agreed=agree,
        loads={request.url: _response_of(request, error) for request, error in seen.loads},
        posts=posts,
        warnings=tuple(seen.warnings),
    )
    fetch = _fetcher(page, facts.origin)
    api = (facts.tag.api if facts.tag else "") or next((post.response.url.removesuffix("events") for post in posts), "")
    script = fetch(facts.tag.src) if facts.tag and facts.tag.src else None
    parts = _fetch_parts(facts.tag.src, script, fetch) if facts.tag and script and not script.error else {}
    probe, in_page = None, ""
    if api:
        body = msgspec.json.encode({"token": facts.token, "tracker": PROBE, "events": []}).decode()
        probe = fetch(f"{api}events", body)
        if not posts:
            in_page = page.evaluate(PROBE_IN_PAGE, [f"{api}events", body])
    violations = tuple(Violation(*blocked) for blocked in page.evaluate(BLOCKED) or ())
    return replace(
        facts,
        api=api,
        script=script,
        parts=parts,
        probe=probe,
        probe_in_page=in_page,
        violations=violations,
    )


def _post_of(request: PageRequest, error: str) -> Post:
    sent = json_of(request.post_data or "")
    events = sent.get("events")
    kinds = [event.get("type") for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    return Post(str(sent.get("token", "")), tuple(map(str, kinds)), _response_of(request, error, with_body=True))


def _response_of(request: PageRequest, error: str, *, with_body: bool = False) -> Response:
    response = None if error else request.response()
    if response is None:
        return Response(request.url, error=error or "no response")
    return Response(
        request.url,
        response.status,
        response.headers.get("content-type", ""),
        body=response.text() if with_body else "",
    )


def _fetcher(page: Page, origin: str) -> Callable[..., Response]:
    """Fetch outside of the page, as a page of this origin would."""
    from playwright.sync_api import Error

    def fetch(url: str, body: str | None = None) -> Response:
        headers = {"Origin": origin} | ({"Content-Type": "text/plain"} if body is not None else {})
        try:
            response = page.request.fetch(
                url, method="GET" if body is None else "POST", data=body, headers=headers, timeout=FETCH_MS
            )
            text = response.text()
        except (Error, UnicodeDecodeError) as err:
            return Response(url, error=_short(str(err)))
        kind, allowed = (response.headers.get(name, "") for name in ("content-type", "access-control-allow-origin"))
        return Response(url, response.status, kind, allowed, text)

    return fetch


def _fetch_parts(src: str, script: Response, fetch: Callable[[str], Response]) -> dict[str, Response]:
    """Fetch the parts that the script names, and those that these name; an older script has fewer of them."""
    base = re.sub(r"(\.js)?([?#].*)?$", "", src).replace("clickTracker", "clicktracker")
    known = {path.name.split(".")[1] for path in DIST.glob("clicktracker.*.js")}
    parts: dict[str, Response] = {}
    texts = [script.body]
    while texts:
        text = texts.pop()
        for name in sorted(known - parts.keys()):
            if re.search(rf"[\"'`]{name}[\"'`]", text):
                parts[name] = fetch(f"{base}.{name}.js")
                texts.append(parts[name].body)
    return parts


def _short(message: str) -> str:
    """The cause in an error of Playwright, without its name for the call and its log."""
    first = message.splitlines()[0] if message else "failed"
    cause = re.search(r"net::\w+|connect \w+ \S+|getaddrinfo \S+.*|Timeout \S+ exceeded", first)
    return cause[0] if cause else first.removeprefix("Page.goto: ")
