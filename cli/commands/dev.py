"""`logdig dev`: the whole stack on this machine until Ctrl-C, with data that stays."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import sys
from pathlib import Path
from time import localtime, strftime
from typing import TYPE_CHECKING

import click
import msgspec

from cli.options import Number, json_option, port_option, read_settings
from cli.program import with_program
from cli.signals import interrupt_on_signals
from logdig.config.settings import AppSettings, Settings
from logdig.config.toml_file import script_tag

if TYPE_CHECKING:
    from infra.local.run_folder import RunFolder
    from infra.local.stack import LocalStack

FOLDER = Path(".logdig")


def settings_with_app(settings: Settings, token: str) -> Settings:
    """Settings with their apps, or with one app for pages on this machine."""
    if settings.apps:
        return settings
    app = AppSettings(name="web", token=token, origins=("http://localhost:3000",))
    return msgspec.structs.replace(settings, apps=(app,))


@click.group("dev", invoke_without_command=True)
@port_option("collector", 8000)
@port_option("dashboard", 8002)
@click.option(
    "--flush-seconds", type=Number(0.1, 3600), default=10.0, show_default=True, help="Time between two flushes."
)
@click.option(
    "--directory", type=click.Path(path_type=Path), default=FOLDER, show_default=True, help="Folder for data and logs."
)
@click.option("--reset", is_flag=True, help="Remove the events of earlier runs first; the token stays.")
@click.option("--no-jobs", is_flag=True, help="Run no ingest and no marts, which take Java and about 1 GB of memory.")
@click.pass_context
def command(
    context: click.Context,
    *,
    collector_port: int,
    dashboard_port: int,
    flush_seconds: float,
    directory: Path,
    reset: bool,
    no_jobs: bool,
) -> None:
    """Run collector, queue, flush, jobs and dashboard on this machine.

    Pages of localhost may send from any port. What they send is flushed, ingested and counted in the marts by itself,
    and stays over restarts. Ctrl-C stops all parts; when one fails, the others are stopped and it is named.
    """
    from infra.local.run_folder import RunFolder

    folder = RunFolder(directory)
    if context.invoked_subcommand is not None:
        context.obj = folder
        return
    interrupt_on_signals()
    problem = ""
    try:
        inherited = folder.claim(_progress)
        if reset:
            folder.remove_data()
        settings = settings_with_app(read_settings(), folder.token(lambda: f"pk_web_{secrets.token_hex(8)}"))
        ports = {"collector_port": collector_port, "dashboard_port": dashboard_port}
        problem = _run(folder, settings, inherited, ports, flush_seconds, with_jobs=not no_jobs)
    except KeyboardInterrupt:
        click.echo("\nstopped")
    finally:
        folder.release()
    if problem:
        click.echo(f"logdig: {problem}; the other parts are stopped", err=True)
        sys.exit(1)


def _run(
    folder: RunFolder,
    settings: Settings,
    inherited: int,
    ports: dict[str, int],
    flush_seconds: float,
    *,
    with_jobs: bool,
) -> str:
    """Run the stack until a part ends; describe it."""
    from infra.local.machine import find_java, java_home
    from infra.local.stack import LocalStack

    java = find_java() if with_jobs else None
    environment = {**os.environ, "JAVA_HOME": java_home(java)} if java else dict(os.environ)
    stack = LocalStack(
        settings,
        folder.path,
        environment,
        **ports,
        flush_seconds=flush_seconds,
        data=folder.data,
        with_jobs=java is not None,
        inherited=(inherited,),
    )
    _progress("starting AWS emulator, collector and dashboard")
    with stack:
        folder.publish(stack.shell_environment)
        _print_addresses(stack)
        if with_jobs and java is None:
            _tell("marts: Java 17 is not found, so they stay empty; run: make setup")
        try:
            return stack.wait(_tell)
        finally:
            _progress("stopping all parts")


def _print_addresses(stack: LocalStack) -> None:
    app = next((app for app in stack.settings.apps if not app.disabled), stack.settings.apps[0])
    tag = script_tag(app.token, stack.collector_url, script=stack.script_url)
    click.echo(f"collector  {stack.collector_url}")
    click.echo(f"dashboard  {stack.dashboard_url}")
    click.echo(f"AWS        {stack.aws_url}")
    click.echo(f"data       {stack.directory}")
    click.echo(f"\nTag for pages of {app.name}, on any port of localhost:\n\n  {tag}\n")
    shell = 'eval "$(logdig dev env)"\n  logdig events --follow'
    click.echo(with_program(f"For other commands, in a second terminal, such as the last events:\n\n  {shell}\n"))
    click.echo("Ctrl-C stops everything; the data stays.\n")


def _progress(text: str) -> None:
    click.echo(f"{text} ...", err=True)


def _tell(text: str) -> None:
    """Print one line of a part with its time."""
    click.echo(with_program(f"{strftime('%H:%M:%S', localtime())}  {text}"))


@command.command("env")
@click.option("--directory", type=click.Path(path_type=Path), help="Folder of the run.  [default: .logdig]")
@json_option("Print one JSON object, for notebooks.")
@click.pass_context
def env(context: click.Context, directory: Path | None, *, as_json: bool) -> None:
    """Print the variables that point commands and notebooks at the running `logdig dev`.

    In a shell: eval "$(logdig dev env)".
    """
    from infra.local.run_folder import RunFolder

    folder: RunFolder = context.obj if directory is None else RunFolder(directory)
    variables = folder.environment()
    if as_json:
        click.echo(json.dumps(variables))
        return
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")
