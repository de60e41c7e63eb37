"""Findings about the page itself: the tag, the files, blockers, the security policy, consent."""

from __future__ import annotations

from urllib.parse import urlsplit

from logdig.check.facts import Finding, PageFacts, Response, Tag, fault_of, is_script, origin_of

BLOCKED_NAME = "/clicktracker."
"""A rule of EasyPrivacy, which content blockers use by default; it holds for any host and in any case.

Source: easyprivacy_general.txt of the project EasyList.
"""

CONSENTS = ("", "all", "ask")


def page_finding(facts: PageFacts) -> Finding:
    """Whether there is a page at all."""
    page = facts.page
    if page.error:
        return Finding("page", False, f"{facts.url}: {page.error}", "check the address, and whether the site runs")
    if page.status >= 400:
        return Finding("page", False, f"{page.url} answers HTTP {page.status}", "name a page that visitors can open")
    if "html" not in page.content_type:
        kind = page.content_type or "nothing that says its type"
        return Finding("page", False, f"{page.url} is {kind}, not HTML", "name the page, not a file")
    return Finding("page", True, f"{page.url} answers HTTP {page.status}")


def tag_finding(facts: PageFacts) -> Finding:
    """Whether the page has a tag that can start."""
    tag, paste = facts.tag, "paste the tag of docs/tracker.md into the page; 'logdig app list' shows the token"
    if tag is None:
        if facts.posts:
            return Finding("tag", True, "no tag; the page starts the tracker by itself")
        return Finding("tag", False, "no tracker in the page", f"{paste}; if a tag manager adds it, see that it ran")
    if tag.type == "text/plain":
        what = "the tag has the type text/plain, so a consent tool holds it back until the visitor agrees"
        return Finding("tag", None, what, "check a page that was agreed to, or see that the tool changes the type")
    if tag.type == "module":
        step = 'take type="module" out of the tag; with a bundler use clicktracker.mjs'
        return Finding("tag", False, "the tag is a module, which cannot read its own attributes", step)
    if facts.posts or (tag.token and tag.api):
        others = len(facts.tags) - 1
        return Finding("tag", True, f"found{f', and {others} more, of which none counts' if others else ''}")
    missing = "data-token" if not tag.token else "data-endpoint"
    step = f"write {missing} into the tag, or call logdig('init', ...); a tool may have stripped it"
    return Finding("tag", False, f"the tag has no {missing}, and the page did not start the tracker itself", step)


def script_finding(facts: PageFacts) -> Finding:
    """Whether the browser loaded and ran the script."""
    tag = facts.tag
    if tag is None or not tag.src:
        return Finding("script", True if facts.posts else None, "part of the page" if facts.posts else "not checked")
    if facts.is_started:
        return Finding("script", True, f"{tag.src} runs")
    if tag.type == "text/plain":
        return Finding("script", None, "held back by its type")
    if _blocked(facts, "script", (tag.src,)):
        return Finding("script", False, f"{tag.src} is blocked by the page's security policy", "see csp")
    load = facts.loads.get(tag.src)
    # A browser says little about a file that is not there; of one that is, it alone knows why it was not loaded.
    response = load if load is not None and facts.script is not None and is_script(facts.script) else facts.script
    if response is None or not is_script(response):
        fault = fault_of(response) if response else "the browser did not ask for it"
        step = "put all files of clicktracker_js/dist there, and open the address yourself"
        return Finding("script", False, f"{tag.src}: {fault}", step)
    what = f"{tag.src} was loaded and did not start"
    return Finding("script", False, what, "look at the browser's console; a hash in integrity= must fit the file")


def parts_finding(facts: PageFacts) -> Finding:
    """Whether the parts lie beside the script and may be read from the page."""
    if not facts.parts:
        bundled = bool(facts.posts) and facts.tag is None
        return Finding("parts", bundled or None, "part of the page's bundle" if bundled else "not checked: no script")
    missing = [response for response in facts.parts.values() if not is_script(response)] or _failed(facts)
    if missing:
        words = ", ".join(f"{_name(response.url)} ({fault_of(response)})" for response in missing)
        step = "serve all files of clicktracker_js/dist in the script's folder, under the script's own name"
        return Finding("parts", False, f"missing beside the script: {words}", step)
    unread = [response for response in facts.parts.values() if not _may_read(response, facts.origin)]
    if unread:
        step = f"answer with Access-Control-Allow-Origin: {facts.origin} (or *) in that folder"
        return Finding("parts", False, f"{origin_of(unread[0].url)} does not let the page read them", step)
    return Finding("parts", True, f"all {len(facts.parts)} lie beside the script")


def _failed(facts: PageFacts) -> list[Response]:
    """Parts that the page itself could not load."""
    ends = tuple(f".{name}.js" for name in facts.parts)
    loads = ((urlsplit(url).path, response) for url, response in facts.loads.items())
    return [response for path, response in loads if path.endswith(ends) and not is_script(response)]


def _may_read(response: Response, origin: str) -> bool:
    return origin_of(response.url) == origin or response.allow_origin in ("*", origin)


def _name(url: str) -> str:
    return urlsplit(url).path.rsplit("/", 1)[-1]


def blockers_finding(facts: PageFacts) -> Finding:
    """Whether a blocker's rule matches one of the addresses."""
    urls = [facts.tag.src if facts.tag else "", *(part.url for part in facts.parts.values()), facts.api]
    matched = next((url for url in urls if BLOCKED_NAME in url.lower()), None)
    if matched is None:
        return Finding("blockers", True, f"no address matches EasyPrivacy's rule {BLOCKED_NAME}")
    what = f"{matched} matches EasyPrivacy's rule {BLOCKED_NAME}: browsers with a blocker do not load it"
    return Finding("blockers", False, what, "rename the files, all alike: docs/tracker.md, 'Names that blockers know'")


def csp_finding(facts: PageFacts) -> Finding:
    """Whether the page's policy allows the script, its parts and the collector."""
    files = [facts.tag.src if facts.tag else "", *(part.url for part in facts.parts.values())]
    urls = {"script-src": list(filter(None, files)), "connect-src": [facts.api] if facts.api else []}
    blocked = {name: url for name in urls if (url := _blocked(facts, name.removesuffix("-src"), urls[name]))}
    if not blocked:
        return Finding("csp", True, "allows what was tried" if facts.has_policy else "the page has no policy")
    what = "; ".join(f"{name} blocks {url}" for name, url in blocked.items())
    steps = " and ".join(f"add {origin_of(url)} to {name}" for name, url in blocked.items())
    return Finding("csp", False, what, f"{steps} of Content-Security-Policy")


def _blocked(facts: PageFacts, kind: str, urls: list[str] | tuple[str, ...]) -> str:
    """The blocked address that belongs to one of these, by the directives of a kind; empty when there is none."""
    for violation in facts.violations:
        # What is blocked behind a redirect, or of another origin, is reported by its origin alone.
        if violation.directive.startswith((kind, "default")) and any(
            url == violation.blocked
            or url.startswith(violation.blocked.rstrip("/") + "/")
            or violation.blocked.startswith(url)
            for url in urls
        ):
            return violation.blocked
    return ""


def consent_finding(facts: PageFacts) -> Finding:
    """What the visitor has agreed to by the time of the first event."""
    if facts.has_signal:
        what = "this browser sends Global Privacy Control or Do Not Track, so nothing is recorded"
        return Finding("consent", None, what, "check with a browser that sends neither")
    attributes = (facts.tag or Tag("")).attributes
    consent = attributes.get("consent", "")
    if facts.agreed:
        return Finding("consent", True, "agreed to, as --agree asked")
    if consent in CONSENTS[:2]:
        what = (
            "analytics and ads are recorded without asking"
            if consent
            else "analytics without asking, ads only after a yes"
        )
        return Finding("consent", True, what)
    if facts.posts:
        return Finding("consent", True, "asked for, and given by the page")
    what = "asked for, so nothing is recorded before the visitor agrees"
    if consent not in CONSENTS:
        return Finding("consent", False, f'data-consent="{consent}" is no such value, and {what}', "write ask or all")
    return Finding("consent", None, what, "agree and go on: --agree")
