"""US states by the first three digits of a zip.

Source: United States Postal Service, Labeling List L002, "3-Digit ZIP Code Prefix Matrix"; ranges of prefixes by the
state of their addresses. Military mail (AA, AE, AP) and the territories are named by their postal codes. A few places
lie over a border of their prefix, such as 06390 (New York) in Connecticut's.
"""

from __future__ import annotations

import re
from functools import lru_cache

_RANGES = """
005 NY|006-007 PR|008 VI|009 PR|010-027 MA|028-029 RI|030-038 NH|039-049 ME|050-054 VT|055 MA|056-059 VT|060-069 CT
070-089 NJ|090-099 AE|100-149 NY|150-196 PA|197-199 DE|200 DC|201 VA|202-205 DC|206-212 MD|214-219 MD|220-246 VA
247-268 WV|270-289 NC|290-299 SC|300-319 GA|320-339 FL|340 AA|341-342 FL|344 FL|346-347 FL|349 FL|350-352 AL|354-369 AL
370-385 TN|386-397 MS|398-399 GA|400-418 KY|420-427 KY|430-459 OH|460-479 IN|480-499 MI|500-516 IA|520-528 IA
530-532 WI|534-535 WI|537-549 WI|550-551 MN|553-567 MN|569 DC|570-577 SD|580-588 ND|590-599 MT|600-620 IL|622-629 IL
630-631 MO|633-641 MO|644-658 MO|660-662 KS|664-679 KS|680-681 NE|683-693 NE|700-701 LA|703-708 LA|710-714 LA
716-729 AR|730-731 OK|733 TX|734-741 OK|743-749 OK|750-770 TX|772-799 TX|800-816 CO|820-831 WY|832-838 ID|840-847 UT
850-853 AZ|855-857 AZ|859-860 AZ|863-865 AZ|870-871 NM|873-875 NM|877-884 NM|885 TX|889-891 NV|893-895 NV|897-898 NV
900-908 CA|910-928 CA|930-961 CA|962-966 AP|967-968 HI|969 GU|970-979 OR|980-986 WA|988-994 WA|995-999 AK
"""
_ZIP = re.compile(r"([0-9]{3})[0-9]{2}(-?[0-9]{4})?", re.ASCII)


def _states() -> list[str | None]:
    """State by prefix, 000 to 999; None where none is assigned."""
    states: list[str | None] = [None] * 1000
    for part in _RANGES.replace("\n", "|").strip("|").split("|"):
        prefixes, state = part.split()
        first, _, last = prefixes.partition("-")
        for prefix in range(int(first), int(last or first) + 1):
            states[prefix] = state
    return states


STATES = _states()


@lru_cache(4096)
def state_of(zip_code: str | None) -> str | None:
    """Postal code of the state of a zip of 5 or 9 digits; None for other texts and prefixes that no state has."""
    match = _ZIP.fullmatch(zip_code or "")
    return STATES[int(match[1])] if match else None
