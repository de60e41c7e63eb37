"""A Zeppelin server, by its REST API: notes are made, updated, scheduled, run and removed.

Source: https://zeppelin.apache.org/docs/0.12.0/usage/rest_api/notebook.html. Notes lie in the folder of
`zpln.FOLDER`; what an analyst adds to one of them stays.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

from analytics.notebooks import zpln
from analytics.notebooks.source import FORMS, Filled
from logdig.errors import InputError, LogDigError, SetupError, TransientError

TIMEOUT_SECONDS = 60
RUN_TIMEOUT_SECONDS = 3600
"""Of one paragraph: the first one starts an interpreter."""
CRON_FIELDS = (6, 7)
CRON_EXAMPLE = "seconds minutes hours day month weekday, such as '0 0 6 * * ?' for six o'clock"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph and its last result: ``status`` is Zeppelin's, ``outputs`` are (type, text)."""

    title: str
    status: str
    outputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A note of a server; ``schedule`` is empty where it has none, ``ran_at`` where it never ran."""

    id: str
    app: str
    algorithm: str
    schedule: str
    paragraphs: tuple[Paragraph, ...]
    ran_at: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect leads to a page for people who are not logged in."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


class ZeppelinServer:
    """One server.

    Args:
        url: As a browser shows it, such as http://127.0.0.1:8080.
        user: Name to log in with; empty = the server asks for none.
        password: Its password.
    Raises:
        InputError: The address is none of a server.
    Every method raises SetupError when the server is not there, is none of Zeppelin's, or refuses the credentials.
    """

    def __init__(self, url: str, user: str = "", password: str = "") -> None:
        if not url.startswith(("http://", "https://")):
            raise InputError(f"{url!r} is no address of a server; write it as http://127.0.0.1:8080")
        self.url = url.partition("#")[0].rstrip("/").removesuffix("/api")
        self._user, self._password = user, password
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(cookies, _NoRedirect())
        self._is_in = not user

    def put(self, note: Filled, known: str | None) -> str:
        """Make a note, or bring its paragraphs up to date; schedule and added paragraphs stay as they are.

        Args:
            note: What it becomes.
            known: Its id; None = there is none yet.
        Returns:
            Its id.
        """
        if known is None:
            return str(self.call("POST", "/notebook/import", zpln.render(note)))
        for one in self.call("GET", f"/notebook/{known}")["paragraphs"]:
            if (one.get("config") or {}).get(zpln.MARK):
                self.call("DELETE", f"/notebook/{known}/paragraph/{one['id']}")
        for number, one in enumerate(zpln.paragraphs(note)):
            self.call("POST", f"/notebook/{known}/paragraph", {**one, "index": number})
        return known

    def schedule(self, identifier: str, cron: str | None) -> None:
        """Run a note by a schedule; None ends it.

        Args:
            identifier: Of the note.
            cron: Quartz's form: CRON_EXAMPLE, in the time zone of the server.
        Raises:
            InputError: It is no schedule.
            SetupError: The server runs none.
        """
        path = f"/notebook/cron/{identifier}"
        if cron is None:
            self.call("DELETE", path)
            return
        try:
            # Each run has an interpreter of its own, which ends with it.
            self.call("POST", path, {"cron": cron, "releaseResource": True})
        except _RefusedError as err:
            if err.status in (401, 403):
                raise SetupError(
                    f"{self.url} runs no schedules; set zeppelin.notebook.cron.enable to true in its zeppelin-site.xml "
                    "and restart it"
                ) from err
            raise InputError(f"schedule {cron!r} is refused by Zeppelin: {err.words}; {CRON_EXAMPLE}") from err

    def notes(self) -> list[StoredNote]:
        """LogDig's notes, by app and algorithm."""
        return [self.read(*names, identifier) for names, identifier in sorted(self._ids().items())]

    def read(self, app: str, algorithm: str, identifier: str) -> StoredNote:
        """Read a note with the results of its last run."""
        note = self.call("GET", f"/notebook/{identifier}")
        ran = [one["dateFinished"] for one in note["paragraphs"] if one.get("dateFinished")]
        schedule = (note.get("config") or {}).get("cron") or ""
        paragraphs = tuple(_paragraph(one) for one in note["paragraphs"])
        return StoredNote(identifier, app, algorithm, schedule, paragraphs, max(ran, default=""))

    def known(self, app: str, algorithm: str) -> StoredNote | None:
        """A note, if the server has it."""
        identifier = self._ids().get((app, algorithm))
        return self.read(app, algorithm, identifier) if identifier else None

    def find(self, app: str, algorithm: str) -> str:
        """Id of a note.

        Raises:
            InputError: The server has none of this name.
        """
        identifier = self._ids().get((app, algorithm))
        if identifier is None:
            made = f"logdig notes create --app {app} --algorithm {algorithm} --zeppelin {self.url}"
            raise InputError(f"{self.url} has no note {zpln.path_of(app, algorithm)}; make it: {made}")
        return identifier

    def run(
        self, identifier: str, forms: Mapping[str, str], on_paragraph: Callable[[str], None] = lambda _title: None
    ) -> list[Paragraph]:
        """Run the enabled paragraphs of a note in order, up to the first that fails.

        Args:
            identifier: Of the note.
            forms: Values by name of the form, for this run; then the note has its own again.
            on_paragraph: Called with the title of each when it begins.
        Returns:
            Those that ran, with their results.
        """
        params = {FORMS[name].label if name in FORMS else name: value for name, value in forms.items()}
        done: list[Paragraph] = []
        paragraphs = self.call("GET", f"/notebook/{identifier}")["paragraphs"]
        for one in paragraphs:
            if (one.get("config") or {}).get("enabled") is False:
                continue
            on_paragraph(one.get("title") or "")
            try:
                path = f"/notebook/run/{identifier}/{one['id']}"
                self.call("POST", path, {"params": params}, RUN_TIMEOUT_SECONDS)
            except _RefusedError as err:
                # A paragraph that fails gives 500; the note holds its output.
                if err.status != http.client.INTERNAL_SERVER_ERROR:
                    raise
            stored = self.call("GET", f"/notebook/{identifier}/paragraph/{one['id']}")
            done.append(_paragraph(stored))
            if done[-1].status != "FINISHED":
                break
        if forms:
            self._forget_values(identifier, paragraphs[0])
        return done

    def _forget_values(self, identifier: str, first: Mapping[str, Any]) -> None:
        """Put the paragraph of the forms there anew: Zeppelin keeps values, and a schedule would go on with them."""
        self.call("DELETE", f"/notebook/{identifier}/paragraph/{first['id']}")
        anew = {name: first.get(name) for name in ("title", "text", "config")} | {"index": 0}
        self.call("POST", f"/notebook/{identifier}/paragraph", anew)

    def remove(self, identifier: str) -> None:
        """Remove a note with its schedule."""
        self.call("DELETE", f"/notebook/{identifier}")

    def _ids(self) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for note in self.call("GET", "/notebook"):
            # Servers before 0.9 call the path `name`.
            parts = (note.get("path") or note.get("name") or "").strip("/").split("/")
            if len(parts) == 3 and parts[0] == zpln.FOLDER:
                found[parts[1], parts[2]] = note["id"]
        return found

    def call(self, method: str, path: str, body: object = None, timeout: float = TIMEOUT_SECONDS) -> Any:
        """Call the API; return the ``body`` of its response."""
        if not self._is_in:
            self._log_in()
        data = None if body is None else json.dumps(body).encode()
        return self._send(method, path, data, "application/json", timeout)

    def _log_in(self) -> None:
        data = urlencode({"userName": self._user, "password": self._password}).encode()
        try:
            self._send("POST", "/login", data, "application/x-www-form-urlencoded", TIMEOUT_SECONDS)
        except _RefusedError as err:
            raise SetupError(
                f"{self.url} refuses user {self._user!r}; check LOGDIG_ZEPPELIN_USER and LOGDIG_ZEPPELIN_PASSWORD"
            ) from err
        self._is_in = True

    def _send(self, method: str, path: str, data: bytes | None, kind: str, timeout: float) -> Any:
        address = f"{self.url}/api{path}"
        request = urllib.request.Request(address, data, {"Content-Type": kind}, method=method)  # noqa: S310 (http)
        try:
            with self._opener.open(request, timeout=timeout) as response:
                return _body(response.read(), self.url)
        except urllib.error.HTTPError as err:
            text = err.read()
            is_login = path == "/login"
            if err.code in (301, 302, 303, 307, 401) and not is_login:
                raise SetupError(
                    f"{self.url} asks for a login; set LOGDIG_ZEPPELIN_USER and LOGDIG_ZEPPELIN_PASSWORD"
                ) from err
            raise _RefusedError(f"{method} {address}", err.code, _message(text)) from err
        except TimeoutError as err:
            raise TransientError(f"{self.url} did not answer {method} {path} within {timeout:.0f} s") from err
        except (OSError, http.client.HTTPException) as err:
            reason = getattr(err, "reason", err)
            raise SetupError(
                f"no Zeppelin answers at {self.url} ({reason}); start it, or leave out --zeppelin to work with files"
            ) from err


class _RefusedError(LogDigError):
    """The server answers with an error; ``words`` are its own."""

    def __init__(self, call: str, status: int, words: str) -> None:
        super().__init__(f"Zeppelin refuses {call}: {status} {words}", status=status)
        self.status, self.words = status, words.rstrip(".")


def check_cron(cron: str) -> None:
    """Refuse a text that cannot be a schedule of Quartz; the server checks the rest.

    Raises:
        InputError: Says what it must be.
    """
    if len(cron.split()) not in CRON_FIELDS:
        raise InputError(f"schedule {cron!r} has {len(cron.split())} fields; it has 6 or 7: {CRON_EXAMPLE}")


def _body(text: bytes, url: str) -> Any:
    try:
        return json.loads(text).get("body")
    except (ValueError, AttributeError) as err:
        raise SetupError(f"{url} is no Zeppelin: its response is no JSON; check the address") from err


def _message(text: bytes) -> str:
    """The server's own words of an error, on one line."""
    try:
        found = json.loads(text)
        text = str(found.get("message") or found.get("exception") or found.get("status") or "").encode()
    except (ValueError, AttributeError):
        pass
    return " ".join(text.decode("utf-8", "replace").split())[:300]


def _paragraph(row: Mapping[str, Any]) -> Paragraph:
    messages = (row.get("results") or {}).get("msg") or []
    outputs = tuple((message["type"], message["data"]) for message in messages)
    return Paragraph(row.get("title") or "", row["status"], outputs)
