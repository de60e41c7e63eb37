"""`logdig dashboard`: the dashboard on this machine."""

import click

from cli.options import read_settings
from dashboard.server import main
from infra.local.processes import take_port


@click.command("dashboard", params=main.params)
@click.pass_context
def command(context: click.Context, host: str, port: int) -> None:
    """Serve the dashboard until SIGTERM or Ctrl-C.

    Reads logdig.toml of the working directory, or the file that LOGDIG_CONFIG names.
    """
    read_settings()
    context.invoke(main, host=host, port=take_port(port, "dashboard", host))
