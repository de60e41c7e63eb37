"""`logdig dev`: the whole stack on this machine until Ctrl-C."""

import os
import secrets
import sys
from pathlib import Path

import click
import msgspec

from cli.options import Number, port_option, read_settings
from cli.signals import interrupt_on_signals
from logdig.config.settings import AppSettings, Settings


def settings_with_app(settings: Settings) -> Settings:
    """Settings with their apps, or with one app for pages on this machine."""
    if settings.apps:
        return settings
    app = AppSettings(name="web", token=f"pk_web_{secrets.token_hex(8)}", origins=("http://localhost:3000",))
    return msgspec.structs.replace(settings, apps=(app,))


@click.command("dev")
@port_option("collector", 8000)
@port_option("dashboard", 8002)
@click.option(
    "--flush-seconds", type=Number(0.1, 3600), default=10.0, show_default=True, help="Time between two flushes."
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=Path(".local"),
    show_default=True,
    help="Folder for the logs.",
)
def command(collector_port: int, dashboard_port: int, flush_seconds: float, directory: Path) -> None:
    """Run collector, queue, flush and dashboard on this machine.

    All parts use an AWS emulator, which keeps nothing when it stops. Ctrl-C stops them; when one fails, the others
    are stopped and it is named.
    """
    from infra.local.stack import LocalStack

    settings = settings_with_app(read_settings())
    ports = {"collector_port": collector_port, "dashboard_port": dashboard_port}
    stack = LocalStack(settings, directory, os.environ, flush_seconds=flush_seconds, **ports)
    interrupt_on_signals()
    problem = ""
    try:
        with stack:
            app = settings.apps[0]
            click.echo(f"collector  {stack.collector_url}")
            click.echo(f"dashboard  {stack.dashboard_url}")
            click.echo(f"AWS        {stack.aws_url}  (AWS_ENDPOINT_URL)")
            click.echo(f"settings   {directory / 'logdig.toml'}  (LOGDIG_CONFIG)")
            click.echo(
                f'\n<script async src="/clicktracker.js" data-token="{app.token}" '
                f'data-endpoint="{stack.collector_url}"></script>\n\nCtrl-C stops everything.'
            )
            problem = stack.wait()
    except KeyboardInterrupt:
        click.echo("\nstopped")
    if problem:
        click.echo(f"logdig: {problem}; the other parts are stopped", err=True)
        sys.exit(1)
