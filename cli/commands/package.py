"""`logdig package`: build the packages that a deploy uploads."""

import json
import os
from pathlib import Path

import click
from rich.console import Console

from cli.options import json_option, read_settings


@click.command("package")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("build"), show_default=True,
    help="Folder for the archives.",
)  # fmt: skip
@json_option("Print JSON: key, sha256, bytes, unpacked_bytes, integrity.")
def command(folder: Path, as_json: bool) -> None:
    """Build the packages that a deploy uploads: functions, Spark jobs and their wheels, tracker.

    Equal input gives equal archives, so the digest in a name shows whether anything changed. Uploads nothing.
    """
    from infra.packaging.build import build_packages
    from infra.packaging.dependencies import target_for

    with Console(stderr=True).status("building packages; fetching dependencies takes a minute the first time"):
        packages = build_packages(read_settings(), folder, target_for(os.environ)).all()
    if as_json:
        names = ("key", "sha256", "bytes", "unpacked_bytes", "integrity")
        click.echo(json.dumps([{name: getattr(package, name) for name in names} for package in packages]))
        return
    for package in packages:
        sizes = f"{package.bytes:>13,} bytes {package.unpacked_bytes:>13,} unpacked"
        click.echo(f"{sizes}  {package.key}  {package.integrity}".rstrip())
