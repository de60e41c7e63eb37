"""A note in Zeppelin's form: the JSON of a .zpln file, which a server imports."""

from __future__ import annotations

from typing import Any

from analytics.notebooks.source import Filled, Form, Paragraph

FOLDER = "LogDig"
"""Folder of all notes in a server."""
INTERPRETERS = {"python": "python", "sql": "spark.sql", "scala": "spark"}
WRITTEN = "2026-11-30 00:00:00.000"
"""Zeppelin wants a time; a fixed one makes equal notes equal files."""
MARK = "logdig"
"""Key of a paragraph's ``config`` that tells LogDig's paragraphs from those that an analyst has added."""


def path_of(app: str, algorithm: str) -> str:
    """Path of an app's note in a server."""
    return f"{FOLDER}/{app}/{algorithm}"


def render(note: Filled) -> dict[str, Any]:
    """Write a note as Zeppelin reads it."""
    return {
        "paragraphs": [_stored(note, number, one) for number, one in enumerate(paragraphs(note))],
        "name": path_of(note.app, note.algorithm),
        "id": "",
        "defaultInterpreterGroup": "python",
        "version": "0.10.0",
        "noteParams": {},
        "noteForms": {},
        "angularObjects": {},
        "config": {"isZeppelinNotebookCronEnable": True},
        "info": {},
    }


def paragraphs(note: Filled) -> list[dict[str, Any]]:
    """Title, text and configuration of each paragraph, as the server takes them; the first holds the forms."""
    first = Paragraph(note.title, _forms(note))
    return [
        {
            "title": one.title,
            "text": f"%{INTERPRETERS[one.language]}\n{one.text}",
            "config": {
                "colWidth": 12.0,
                "title": True,
                # A schedule starts no Spark, and a server without Spark stops at no paragraph.
                "enabled": one.language == "python",
                "editorMode": f"ace/mode/{one.language}",
                MARK: True,
                "results": {},
            },
        }
        for one in (first, *note.paragraphs)
    ]


def _stored(note: Filled, number: int, paragraph: dict[str, Any]) -> dict[str, Any]:
    return {
        **paragraph,
        "user": "anonymous",
        "dateUpdated": WRITTEN,
        "progress": 0,
        "settings": {"params": {}, "forms": {}},
        "apps": [],
        "runtimeInfos": {},
        "progressUpdateIntervalMs": 500,
        "jobName": f"paragraph_{number}",
        "id": f"paragraph_{note.app}_{note.algorithm}_{number}",
        "dateCreated": WRITTEN,
        "status": "READY",
    }


def _forms(note: Filled) -> str:
    """Python of the first paragraph: it asks for the forms and opens the tables."""
    lines = [
        "from analytics.notebooks import charts, display, session",
        "",
        f"# {note.about}",
        "note = session.open_note(",
        f"    {note.algorithm!r},",
        "    display.Zeppelin(),",
        *(f"    {form.name}={_input(form)}," for form in note.forms),
        ")",
    ]
    return "\n".join(lines)


def _input(form: Form) -> str:
    if not form.choices:
        return f"z.input({form.label!r}, {form.default!r})"
    choices = [(one, one or "all") for one in form.choices]
    return f"z.select({form.label!r}, {choices!r}, {form.default!r})"
