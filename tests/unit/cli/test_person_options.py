"""How a command is told whom it is about."""

from __future__ import annotations

import pytest

from cli.person_options import named_person
from logdig.errors import InputError
from logdig.privacy.person import Person


def test_person_is_a_customer_when_the_id_stands_alone() -> None:
    assert named_person(None, None, "shop", "17") == Person("customer_id", "17", "shop")
    assert named_person(None, None, "shop", "17") == named_person(None, "17", "shop")


@pytest.mark.parametrize(
    ("user_key", "customer_id", "identity"),
    [
        (None, None, None),
        ("u1", "17", None),
        ("u1", None, "17"),
        (None, "17", "17"),
        (None, None, ""),
        ("", None, None),
    ],
)
def test_person_is_refused_when_named_not_or_twice_or_by_nothing(
    user_key: str | None, customer_id: str | None, identity: str | None
) -> None:
    with pytest.raises(InputError):
        named_person(user_key, customer_id, None, identity)
