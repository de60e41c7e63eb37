"""Lint the templates: ``python -m tools.lint_template``.

cfn-lint checks them against CloudFormation's schemas, checkov against security rules. The resource's Metadata holds the
reason for each accepted finding.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import msgspec

from infra.cost.jobs import RUNS_A_MONTH
from infra.cost.model import FrontDoor
from infra.paths import ROOT
from infra.template.build import Artifacts, Template, artifacts_template, build_template, template_text
from infra.template.domain import domain_template
from infra.template.server import Server
from logdig.config.settings import AppSettings, Settings
from tools.bootstrap import LINT_ENVIRONMENT

FOLDER = ROOT / ".cache" / "templates"
PLATFORM = "64bit Amazon Linux 2023 v4.5.0 running Docker"


def templates() -> Iterator[tuple[str, Template]]:
    """Yield a name and a template for each endpoint, each freshness, and for the packages' bucket."""
    app = AppSettings(name="web", token="pk_web_12345678", origins=("https://shop.example",))  # noqa: S106 (public)
    base = Settings(service="shop", stage="prod", alarm_email="owner@shop.example", apps=(app,))
    bucket = base.artifacts_bucket_name
    server = Server({"S3Bucket": bucket, "S3Key": "packages/server-0123456789abcdef.zip"}, PLATFORM)
    packages = Artifacts(
        bucket, "packages/functions-0.zip", "packages/entry-0.py", "--py-files s3://b/spark.zip", server
    )
    # Endpoint and freshness are independent, so each value is linted once.
    for front_door, freshness in zip(get_args(FrontDoor), RUNS_A_MONTH, strict=True):
        settings = msgspec.structs.replace(base, front_door=front_door, freshness=freshness)
        yield f"{front_door}-{freshness}", build_template(settings, packages)
    shown = msgspec.structs.replace(base, dashboard="function", dashboard_live=True)
    yield "dashboard", build_template(shown, replace(packages, dashboard="packages/dashboard-0.zip"))
    for front_door in get_args(FrontDoor):
        named = msgspec.structs.replace(base, front_door=front_door, domain="collect.shop.example")
        zone = {"domain_zone": "Z0123456789", "dashboard": "function"} if front_door == "function-url" else {}
        yield f"domain-{front_door}", domain_template(msgspec.structs.replace(named, **zone))
    yield "artifacts", artifacts_template(base)


def write(folder: Path) -> list[str]:
    """Write the templates; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, template in templates():
        path = folder / f"{name}.json"
        path.write_text(template_text(template), encoding="utf-8")
        paths.append(str(path))
    return paths


def main() -> int:
    """Run both linters; return the exit code."""
    paths = write(FOLDER)
    named = [argument for path in paths for argument in ("-f", path)]
    commands = (
        [str(LINT_ENVIRONMENT / "bin" / "cfn-lint"), *paths],
        [
            str(LINT_ENVIRONMENT / "bin" / "checkov"),
            "--framework",
            "cloudformation",
            "--quiet",
            "--compact",
            "--skip-download",
            *named,
        ],
    )
    codes = [subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands]
    print(f"{len(paths)} templates: {'clean' if not any(codes) else 'findings above'}")
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
