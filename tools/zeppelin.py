"""Apache Zeppelin without its browser pages, to run the project's notes on one machine and in tests.

Server 0.10.0 is the newest whose archives are published; the Python interpreter 0.12.1 runs beside it. The archives
come from tools/jars.py, everything else is written by `build`. REST: docs/notebooks.md.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from analytics.notebooks.zeppelin import ZeppelinServer
from infra.local.processes import terminate_with_parent
from logdig.errors import LogDigError, MissingPartError
from tools.jars import folder

START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 20

LOGGING = """log4j.rootLogger = INFO, out
log4j.appender.out = org.apache.log4j.ConsoleAppender
log4j.appender.out.layout = org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern = %d %p %c{1} %m%n
"""

INTERPRETER = """#!/bin/sh
# Starts one interpreter process; the server passes its own address and a port.
while getopts "d:c:p:r:i:l:g:u:P:hv" option; do
  case "$option" in
    d) folder=$OPTARG ;; c) host=$OPTARG ;; p) port=$OPTARG ;; r) ports=$OPTARG ;; i) group=$OPTARG ;; *) ;;
  esac
done
cd "$ZEPPELIN_HOME" || exit 1
exec "$ZEPPELIN_JAVA" -Xmx512m -Dfile.encoding=UTF-8 -Djava.io.tmpdir="$ZEPPELIN_HOME/tmp" \\
  -Dlog4j.configuration="file://$ZEPPELIN_HOME/conf/log4j.properties" \\
  -cp "$folder/*:$ZEPPELIN_HOME/interpreter-common/*:$ZEPPELIN_HOME/conf" \\
  org.apache.zeppelin.interpreter.remote.RemoteInterpreterServer "$host" "$port" "$group" "$ports"
"""


USER, PASSWORD = "analyst", "only on the loopback"
LOGIN = f"""[users]
{USER} = {PASSWORD}, analyst
[main]
shiro.loginUrl = /api/login
sessionManager = org.apache.shiro.web.session.mgt.DefaultWebSessionManager
securityManager.sessionManager = $sessionManager
[roles]
analyst = *
[urls]
/** = authc
"""
"""Users of the server: it asks for a login, as those of companies do."""


class Zeppelin:
    """One server with its own home folder; use it as a context manager.

    Args:
        home: Folder for configuration, notes and logs; `build` writes it.
        port: Free loopback port.
        java: Java 17 program.
        python: Python program that the notes run in; it must see the project's packages.
        environment: Environment of server and notes (AWS endpoint, credentials, LOGDIG_CONFIG).
    """

    def __init__(self, home: Path, port: int, java: str, python: str, environment: Mapping[str, str]) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        self.server = ZeppelinServer(self.url, USER, PASSWORD)
        self._port, self._java, self._python = port, java, python
        self._environment = {
            **environment,
            "ZEPPELIN_HOME": str(home),
            "ZEPPELIN_JAVA": java,
            "ZEPPELIN_LOCAL_IP": "127.0.0.1",
            # Without a name the server reads standard input and stops at its end.
            "ZEPPELIN_IDENT_STRING": "logdig",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Zeppelin:
        self.build()
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def build(self) -> None:
        """Write the home folder: links to archives, configuration, empty pages."""
        for name in (
            "bin",
            "conf",
            "logs",
            "notebook",
            "local-repo",
            "plugins",
            "tmp",
            "webapps/classic",
            "webapps/next",
        ):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        _link("zeppelin-server", self.home / "lib")
        _link("zeppelin-common", self.home / "interpreter-common")
        _link("zeppelin-python", self.home / "interpreter" / "python")
        (self.home / "conf" / "log4j.properties").write_text(LOGGING, encoding="utf-8")
        (self.home / "conf" / "zeppelin-site.xml").write_text(self._site(), encoding="utf-8")
        (self.home / "conf" / "shiro.ini").write_text(LOGIN, encoding="utf-8")
        for pages in ("classic", "next"):
            (self.home / "webapps" / pages / "index.html").write_text("<p>REST only</p>", encoding="utf-8")
        script = self.home / "bin" / "interpreter.sh"
        script.write_text(INTERPRETER, encoding="utf-8")
        script.chmod(0o755)

    def _site(self) -> str:
        properties = {
            "zeppelin.server.addr": "127.0.0.1",
            "zeppelin.server.port": str(self._port),
            "zeppelin.war": str(self.home / "webapps" / "classic"),
            "zeppelin.angular.war": str(self.home / "webapps" / "next"),
            "zeppelin.notebook.storage": "org.apache.zeppelin.notebook.repo.VFSNotebookRepo",
            "zeppelin.notebook.dir": "notebook",
            "zeppelin.notebook.cron.enable": "true",
            "zeppelin.interpreter.rpc.portRange": ":",
            "zeppelin.interpreter.connect.timeout": "60s",
            "zeppelin.interpreter.group.default": "python",
            "zeppelin.search.enable": "false",
        }
        rows = (f"<property><name>{k}</name><value>{escape(v)}</value></property>" for k, v in properties.items())
        return f'<?xml version="1.0"?><configuration>{"".join(rows)}</configuration>'

    def start(self) -> None:
        """Start the server with the given Python interpreter; returns when notes can run.

        Raises:
            MissingPartError: It ended or did not respond in time; the message names the log.
        """
        home = self.home
        command = [
            self._java, "-Xmx512m", "-Dfile.encoding=UTF-8", f"-Djava.io.tmpdir={home / 'tmp'}",
            f"-Dlog4j.configuration=file://{home / 'conf' / 'log4j.properties'}",
            "-cp", f"{home / 'lib'}/*:{home / 'conf'}", "org.apache.zeppelin.server.ZeppelinServer",
        ]  # fmt: skip
        with (home / "logs" / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=home,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(terminate_with_parent, os.getpid()),
            )
        setting = self._wait_for_python()
        setting["properties"]["zeppelin.python"]["value"] = self._python
        setting["properties"]["zeppelin.python.useIPython"]["value"] = "false"
        fields = ("name", "group", "properties", "interpreterGroup", "option")
        body = {key: setting.get(key) for key in fields} | {"dependencies": setting.get("dependencies") or []}
        self.server.call("PUT", f"/interpreter/setting/{setting['id']}", body)

    def _wait_for_python(self) -> dict[str, Any]:
        """Wait until the server lists its Python interpreter, some seconds after it first responds."""
        deadline, last = time.monotonic() + START_TIMEOUT_SECONDS, ""
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                settings: list[dict[str, Any]] = self.server.call("GET", "/interpreter/setting")
            except LogDigError as err:
                settings, last = [], err.message
            for setting in settings:
                if setting["group"] == "python" and "zeppelin.python" in setting["properties"]:
                    return setting
            time.sleep(0.25)
        log = self.home / "logs" / "server.log"
        self.stop()
        raise MissingPartError(f"Zeppelin did not start on port {self._port}; its log is {log}; {last}")

    def stop(self) -> None:
        """Stop the server and the interpreters that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        for kind in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, kind)
                process.wait(STOP_TIMEOUT_SECONDS)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue


def _link(name: str, target: Path) -> None:
    """Fill a folder with links to the archives of a set."""
    source = folder(name)
    if not source.is_dir():
        raise MissingPartError(f"the archives of {name} are missing; run: python3 tools/bootstrap.py java zeppelin")
    target.mkdir(parents=True, exist_ok=True)
    for jar in source.glob("*.jar"):
        link = target / jar.name
        if not link.exists():
            link.symlink_to(jar)
