"""Set-up finds the parts of the machine, and names the missing ones."""

from pathlib import Path

import pytest

from infra.local import machine
from tools import bootstrap, jars

JAVA = "#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n"


def java_program(folder: Path, version: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(JAVA.format(version=version))
    program.chmod(0o755)
    return program


def test_java_is_taken_from_java_home_when_it_is_17(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = java_program(tmp_path / "jdk", "17.0.15")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))

    assert bootstrap.find_java() == str(program)


def test_java_is_passed_over_when_its_version_is_not_17(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java_program(tmp_path / "old", "11.0.2")
    fitting = java_program(tmp_path / "usual" / "java-17", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", str(tmp_path / "old" / "bin"))
    monkeypatch.setattr(machine, "JAVA_FOLDERS", (str(tmp_path / "usual"),))

    assert bootstrap.find_java() == str(fitting)


def test_apt_part_names_the_package_when_there_is_no_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(machine, "JAVA_FOLDERS", ())

    with pytest.raises(bootstrap.PartMissingError, match="Java 17 is missing and apt-get is not available"):
        bootstrap.prepare_java()


def test_setup_stops_when_a_needed_part_is_missing_but_not_for_chromium(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> str:
        raise bootstrap.PartMissingError("how to get it")

    monkeypatch.setitem(bootstrap.PARTS, "java", ("Java 17", missing))
    monkeypatch.setitem(bootstrap.PARTS, "chromium", ("Chromium", missing))

    codes = bootstrap.main(["chromium"]), bootstrap.main(["java"])

    assert codes == (0, 1)
    assert "how to get it" in capsys.readouterr().out


def test_jars_lock_names_every_root_with_a_digest() -> None:
    for name in jars.ROOTS | jars.ALONE:
        lock = jars.locked(name)
        modules = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in lock}

        assert set(jars.ROOTS.get(name, ())) | set(jars.ALONE.get(name, ())) <= modules
        assert all(len(jar.sha256) == 64 for jar in lock)


def test_jars_are_refused_when_an_archive_differs_from_the_lock(tmp_path: Path) -> None:
    jar = jars.locked("spark")[0]
    (tmp_path / f"{jar.group}__{jar.file_name}").write_bytes(b"something else")

    with pytest.raises(jars.JarsError, match=r"tools/jars\.lock says"):
        jars._check("spark", tmp_path)
