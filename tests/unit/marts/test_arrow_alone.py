"""Arrow without pandas, in a process of its own: modules are imported once."""

from __future__ import annotations

import subprocess
import sys

ALONE = """
import sys
from logdig.marts.arrow_alone import import_arrow_alone
import_arrow_alone()
import pyarrow as pa
rows = pa.table({"number": [1, None, 3]})
assert "pandas" not in sys.modules, "PyArrow has imported pandas"
"""


def test_import_arrow_alone_leaves_pandas_out_when_arrow_makes_rows() -> None:
    subprocess.run([sys.executable, "-c", ALONE], check=True)


def test_import_arrow_alone_keeps_frames_possible_when_somebody_asks_for_one() -> None:
    asked = "frame = rows.to_pandas(); assert frame.number.sum() == 4; import pandas; assert pa.array(frame.number)"
    subprocess.run([sys.executable, "-c", ALONE + asked], check=True)


def test_import_arrow_alone_leaves_arrow_its_pandas_when_it_is_imported_already() -> None:
    before = "import pandas\n"
    kept = "assert pa.array(pandas.Series([1.0, None])).null_count == 1"
    subprocess.run([sys.executable, "-c", before + ALONE.replace("assert", "#") + kept], check=True)
