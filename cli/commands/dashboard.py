"""`logdig dashboard`: the dashboard on this machine."""

import click

from cli.aws_options import aws_options, aws_settings
from dashboard.server import main, serve
from infra.local.processes import take_port


@click.command("dashboard", params=main.params)
@aws_options
def command(host: str, port: int) -> None:
    """Serve the dashboard until SIGTERM or Ctrl-C.

    Reads logdig.toml of the working directory, or the file that LOGDIG_CONFIG names.
    """
    aws_settings()
    serve(host, take_port(port, "dashboard", host), "cli.priced_dashboard:make_app")
