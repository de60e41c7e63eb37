"""Notes as plain data: one TOML file a note in sources/, filled with an app's names and values for its forms.

`zpln` and `ipynb` write them for Zeppelin and Jupyter. docs/notebooks.md shows how a note is added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

from logdig.errors import InputError

FOLDER = Path(__file__).with_name("sources")
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that a reader of a note may change.

    Args:
        name: Of the variable.
        label: What a reader sees beside it.
        default: Value when nobody has changed it.
        choices: Values that it may have; none = any text.
        is_day: Whether it is a day such as 2026-11-24, or empty.
    """

    name: str
    label: str
    default: str = ""
    choices: tuple[str, ...] = ()
    is_day: bool = False

    def check(self, value: str) -> None:
        """Refuse a value that the form cannot have.

        Raises:
            InputError: Names form, value and what it may be.
        """
        if self.choices and value not in self.choices:
            raise InputError(f"form {self.name} = {value!r}: one of {', '.join(repr(one) for one in self.choices)}")
        if self.is_day and value:
            try:
                date.fromisoformat(value)
            except ValueError as err:
                raise InputError(f"form {self.name} = {value!r}: a day such as 2026-11-24, or empty") from err


FORMS = {
    form.name: form
    for form in (
        Form("app", "app"),
        Form("page", "page (empty: the most viewed)"),
        Form("device", "device (empty: all)", choices=("", "desktop", "tablet", "mobile")),
        Form("start", "first day (empty: 27 days before the last)", is_day=True),
        Form("end", "last day (empty: today)", is_day=True),
        Form("store", "store the result under reports/", "no", ("no", "yes")),
    )
}
"""Every form that a note may have; each has ``app``, ``start``, ``end`` and ``store``."""
ALWAYS = ("app", "start", "end", "store")


class Paragraph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a note: Python, or an example for Spark, which nothing after it depends on."""

    title: str
    text: str
    language: Literal["python", "sql", "scala"] = "python"


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A note as its file has it.

    Args:
        title: For people.
        about: What it shows, one sentence.
        paragraphs: In their order.
        forms: Names of FORMS, beside those of ALWAYS.
    """

    title: str
    about: str
    paragraphs: tuple[Paragraph, ...]
    forms: tuple[str, ...] = ()


class Filled(msgspec.Struct, frozen=True):
    """A note of one app, ready to be written: ``forms`` with their defaults, texts without placeholders."""

    algorithm: str
    app: str
    title: str
    about: str
    forms: tuple[Form, ...]
    paragraphs: tuple[Paragraph, ...]


def algorithms() -> tuple[str, ...]:
    """Names of all notes."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def read_note(algorithm: str) -> Note:
    """Read a note.

    Raises:
        InputError: There is none of this name.
    """
    if algorithm not in algorithms():
        raise InputError(f"no note is called {algorithm!r}; there are: {', '.join(algorithms())}")
    return msgspec.toml.decode((FOLDER / f"{algorithm}.toml").read_bytes(), type=Note)


def fill(algorithm: str, app: str, database: str, values: Mapping[str, str]) -> Filled:
    """Fill a note for an app.

    Args:
        algorithm: Name of the note.
        app: Name of the app.
        database: Glue database, for the paragraphs of Spark.
        values: Of forms, by name; others have their defaults.
    Raises:
        InputError: No such note or form, or a value that the form cannot have.
    """
    note = read_note(algorithm)
    chosen = form_values(algorithm, values)
    forms = [msgspec.structs.replace(FORMS[name], default=value) for name, value in ({"app": app} | chosen).items()]
    known = {"app": app, "database": database}
    texts = [
        msgspec.structs.replace(one, text=PLACEHOLDER.sub(lambda found: known[found[1]], one.text).strip())
        for one in note.paragraphs
    ]
    return Filled(algorithm, app, note.title, note.about, tuple(forms), tuple(texts))


def with_value(note: Filled, form: str, value: str) -> Filled:
    """The same note with another default of a form."""
    forms = [msgspec.structs.replace(one, default=value) if one.name == form else one for one in note.forms]
    return msgspec.structs.replace(note, forms=tuple(forms))


def form_values(algorithm: str, values: Mapping[str, str]) -> dict[str, str]:
    """Values of every form of a note but ``app``, those that are not given by default.

    Raises:
        InputError: The note has no such form, or it cannot have the value; names both.
    """
    note = read_note(algorithm)
    names = [name for name in FORMS if name != "app" and (name in ALWAYS or name in note.forms)]
    for name, value in values.items():
        if name not in names:
            raise InputError(f"note {algorithm} has no form {name!r}; it has: {', '.join(names)}")
        FORMS[name].check(value)
    return {name: values.get(name, FORMS[name].default) for name in names}
