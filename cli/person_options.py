"""Options by which commands name a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cli.options import only_app_option
from logdig.errors import InputError

if TYPE_CHECKING:
    from logdig.config.settings import Settings
    from logdig.privacy.person import Person


def person_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--user-key``, ``--customer-id`` and ``--app``; `named_person` reads them."""
    visitor = click.option("--user-key", help="The visitor with this user_key.")
    customer = click.option("--customer-id", help="The customer with this customer_id.")
    return visitor(customer(only_app_option(function)))


def named_person(user_key: str | None, customer_id: str | None, app: str | None, identity: str | None = None) -> Person:
    """The person of the options, or of a customer's id that stands alone.

    Raises:
        InputError: No key or several are given, or one is empty.
    """
    from logdig.privacy.person import Person

    if identity is not None:
        if customer_id is not None or user_key is not None:
            raise InputError(f"ID {identity!r} beside --customer-id or --user-key; name the person once")
        customer_id = identity
    if (user_key is None) == (customer_id is None):
        raise InputError("give either --user-key or --customer-id; for a person with both, run the command twice")
    field, value = ("user_key", user_key) if user_key is not None else ("customer_id", customer_id)
    if not value:
        raise InputError(f"--{field.replace('_', '-')} is empty; nothing was changed")
    return Person(field, str(value), app)


def check_app(settings: Settings, person: Person) -> None:
    """Refuse an app that logdig.toml does not have.

    Raises:
        InputError: Names it.
    """
    if person.app is not None and person.app not in [known.name for known in settings.apps]:
        raise InputError(f"logdig.toml has no app {person.app!r}")
