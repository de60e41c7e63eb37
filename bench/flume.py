"""Apache Flume as the collector beside ours: its HTTP source in front of its file channel, versions in tools/jars.lock.

It answers 200 when the events of a request are in the channel's log on the disk and fsync has returned, so its
acknowledgement means what ours does, on one machine. It checks that the body is a JSON list of events and nothing in
them: no types, no tokens, no origins, no enrichment. A sink that forgets what it takes keeps the channel from filling.
"""

from __future__ import annotations

from pathlib import Path

from infra.local.machine import find_java
from tools.jars import JarsError, fetch

CONFIGURATION = """
a.sources = http
a.channels = file
a.sinks = none
a.sources.http.type = http
a.sources.http.bind = 127.0.0.1
a.sources.http.port = {port}
a.sources.http.channels = file
a.channels.file.type = file
a.channels.file.checkpointDir = {folder}/checkpoint
a.channels.file.dataDirs = {folder}/data
a.sinks.none.type = null
a.sinks.none.channel = file
"""


class NotHereError(Exception):
    """The machine has no Java, or the archives cannot be fetched."""


def command(folder: Path, port: int) -> list[str]:
    """Fetch what it is made of, write its configuration, and give the command that runs it.

    Raises:
        NotHereError: It cannot be had on this machine.
    """
    java = find_java()
    if java is None:
        raise NotHereError("no Java; python3 tools/bootstrap.py java")
    try:
        archives = fetch("flume", java)
    except JarsError as err:
        raise NotHereError(str(err)) from err
    written = folder / "flume.properties"
    written.write_text(CONFIGURATION.format(port=port, folder=folder))
    main = "org.apache.flume.node.Application"
    return [java, "-Xmx512m", "-cp", f"{archives}/*", main, "-n", "a", "-f", str(written), "--no-reload-conf"]
