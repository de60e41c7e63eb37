"""`logdig package`: build what a deploy uploads."""

import json
import os
from pathlib import Path

import click
from rich.console import Console

from cli.options import read_settings


@click.command("package")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("build"), show_default=True,
    help="Where the archives go.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON: key, sha256, bytes, unpacked_bytes, integrity.")
def command(folder: Path, as_json: bool) -> None:
    """Build what a deploy uploads: functions, Spark jobs and their wheels, tracker.

    Equal input gives equal archives: the digest in a name tells whether anything changed. Nothing is uploaded here.
    """
    from infra.packaging.build import build_packages
    from infra.packaging.dependencies import target_for

    with Console(stderr=True).status("building packages; fetching dependencies takes a minute the first time"):
        packages = build_packages(read_settings(), folder, target_for(os.environ)).all()
    if as_json:
        names = ("key", "sha256", "bytes", "unpacked_bytes", "integrity")
        click.echo(json.dumps([{name: getattr(one, name) for name in names} for one in packages]))
        return
    for one in packages:
        click.echo(f"{one.bytes:>13,} bytes {one.unpacked_bytes:>13,} unpacked  {one.key}  {one.integrity}".rstrip())
