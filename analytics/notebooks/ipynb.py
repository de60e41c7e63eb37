"""A note in Jupyter's form, and its run in a kernel on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from analytics.notebooks.source import Filled, Paragraph
from logdig.errors import LogDigError, MissingPartError

if TYPE_CHECKING:
    from nbformat import NotebookNode

LANGUAGES = {"sql": "Spark SQL", "scala": "Scala, in spark-shell"}
KERNEL = "python3"


@contextmanager
def needs_extra() -> Iterator[None]:
    """Say how the libraries of notes are installed, where one is missing."""
    try:
        yield
    except ImportError as err:
        raise MissingPartError(f"notes need {err.name}: pip install 'logdig[notes]'") from err


def render(note: Filled) -> NotebookNode:
    """Write a note as Jupyter reads it; the cell of the forms has papermill's tag ``parameters``.

    Raises:
        MissingPartError: nbformat is not installed.
    """
    with needs_extra():
        from nbformat import v4 as untyped
    v4: Any = untyped
    cells = [
        v4.new_markdown_cell(f"# {note.title}: {note.app}\n\n{note.about}"),
        v4.new_code_cell(_forms(note), metadata={"tags": ["parameters"]}),
        v4.new_code_cell(_opening(note)),
    ]
    for one in note.paragraphs:
        cells.append(v4.new_markdown_cell(_heading(one)))
        if one.language == "python":
            cells.append(v4.new_code_cell(one.text))
    # Equal notes are equal files.
    for number, cell in enumerate(cells):
        cell["id"] = f"{note.algorithm}-{number}"
    kernel = {"name": KERNEL, "display_name": "Python 3", "language": "python"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook: NotebookNode = v4.new_notebook(cells=cells, metadata=about)
    return notebook


def to_text(notebook: NotebookNode) -> str:
    """The text of an .ipynb file."""
    import nbformat

    untyped: Any = nbformat
    return str(untyped.writes(notebook)) + "\n"


def _forms(note: Filled) -> str:
    width = max(len(f"{form.name} = {form.default!r}") for form in note.forms)
    return "\n".join(
        f"{f'{form.name} = {form.default!r}':<{width}}  # {form.label}"
        + (f": {', '.join(one for one in form.choices if one)}" if form.choices else "")
        for form in note.forms
    )


def _opening(note: Filled) -> str:
    names = ", ".join(f"{form.name}={form.name}" for form in note.forms)
    return (
        "from analytics.notebooks import charts, display, session\n\n"
        f"note = session.open_note({note.algorithm!r}, display.Jupyter(), {names})"
    )


def _heading(paragraph: Paragraph) -> str:
    if paragraph.language == "python":
        return f"## {paragraph.title}"
    fence = f"```{paragraph.language}\n{paragraph.text}\n```"
    return f"## {paragraph.title}\n\n{LANGUAGES[paragraph.language]}:\n\n{fence}"


class Kernel:
    """One kernel that runs notes after each other; use it as a context manager.

    Args:
        environment: Of the kernel: LOGDIG_CONFIG, credentials, AWS_ENDPOINT_URL.
        folder: In which it works.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment, self._folder = dict(environment), folder
        self._private: TemporaryDirectory[str] | None = None
        self._manager: Any = None

    def __enter__(self) -> Kernel:
        with needs_extra():
            import ipykernel  # noqa: F401 (the kernel itself)
            from jupyter_client.manager import KernelManager
        # Sockets of a private folder: on a port other users of the machine could listen.
        self._private = TemporaryDirectory(prefix="logdig-")
        connection = str(Path(self._private.name) / "k.json")
        self._manager = KernelManager(kernel_name=KERNEL, transport="ipc", connection_file=connection)
        self._manager.start_kernel(env=self._environment, cwd=str(self._folder))
        return self

    def __exit__(self, *_exception: object) -> None:
        self._manager.shutdown_kernel(now=True)
        if self._private is not None:
            self._private.cleanup()

    def run(self, notebook: NotebookNode, on_cell: Callable[[str], None] = lambda _text: None) -> None:
        """Run every cell and keep the results in the notebook.

        Args:
            notebook: What `render` has made.
            on_cell: Called with the heading above each cell when it begins.
        Raises:
            LogDigError: A cell failed; says which and why. The notebook holds what was done before.
        """
        with needs_extra():
            from nbclient import NotebookClient
            from nbclient.exceptions import CellExecutionError, DeadKernelError
        headings: dict[int, str] = {}
        for index, cell in enumerate(notebook.cells):
            text = cell.source if cell.cell_type == "markdown" else headings.get(index - 1, "")
            headings[index] = text.splitlines()[0].lstrip("# ") if text else ""

        def begin(cell: Any, cell_index: int) -> None:
            if cell.cell_type == "code":
                on_cell(headings[cell_index])

        client = NotebookClient(notebook, km=self._manager, on_cell_start=begin, timeout=None)
        try:
            client.execute()
        except CellExecutionError as err:
            raise LogDigError(f"{err.ename}: {err.evalue}".splitlines()[0]) from err
        except DeadKernelError as err:
            raise LogDigError("the kernel ended; its memory may not have sufficed for the rows") from err
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
