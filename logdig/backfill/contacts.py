"""Phone numbers of a customer file: into the profile store, and nowhere else. Source: docs/sms.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from logdig.config.settings import Settings
from logdig.decide.profiles import Contact, person_key
from logdig.files.records import Record
from logdig.files.refused_rows import RefusedRow, excerpt
from logdig.files.values import BOOLEANS, read_code

PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
"""E.164; blanks, hyphens, dots and round brackets in it are left out first."""


class Contacts:
    """The contacts of one file, and the rows whose own cannot be read."""

    def __init__(self, app: str) -> None:
        self._app = app
        self._contacts: dict[str, Contact] = {}
        self.refused: list[RefusedRow] = []

    def note(self, kind: str, row: Mapping[str, Any], record: Record | RefusedRow) -> None:
        """Note the contact of a row that is loaded, where its file has one."""
        if kind != "customers" or isinstance(record, RefusedRow):
            return
        try:
            contact = read_contact(record.values)
        except ValueError as err:
            self.refused.append(RefusedRow(record.line, f"{err}; loaded without it", record.shown))
        else:
            if contact is not None:
                self._contacts[person_key(self._app, customer_id=row["customer_id"], user_key=None)] = contact

    def store(self, settings: Settings) -> int:
        """Write them over what is known; return how many.

        Raises:
            ProfileUnavailableError: The store did not take all; load the file again.
        """
        if not self._contacts:
            return 0
        from logdig.aws.clients import profile_store

        return profile_store(settings).put_contacts(self._contacts)


def read_contact(values: Mapping[str, str]) -> Contact | None:
    """Read how a customer may be reached; None where the file does not say.

    Raises:
        ValueError: The number or the zone is none; says nothing of the number.
    """
    if "phone" not in values:
        return None
    phone = re.sub(r"[ ().-]", "", values["phone"])
    if phone and not PHONE.fullmatch(phone):
        raise ValueError("phone is no number in the form +15550100")
    zone = values.get("timezone", "").strip()
    try:
        ZoneInfo(zone or "UTC")
    except (KeyError, ValueError, OSError) as err:
        raise ValueError(f"timezone is {excerpt(zone)!r}: an IANA name such as Asia/Seoul") from err
    opted_in = read_code("sms_opt_in", values.get("sms_opt_in", ""), BOOLEANS)
    return Contact(phone, bool(phone and opted_in), zone)
