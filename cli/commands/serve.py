"""`logdig serve`: the collector on this machine or a server of your own."""

import click

from api.server import main
from cli.options import read_settings
from infra.local.processes import take_port


@click.command("serve", params=main.params)
@click.pass_context
def command(context: click.Context, host: str, port: int) -> None:
    """Serve the collector until SIGTERM or Ctrl-C; requests in flight are answered first.

    Reads logdig.toml of the working directory, or the file that LOGDIG_CONFIG names.
    """
    read_settings()
    context.invoke(main, host=host, port=take_port(port, "collector", host))
