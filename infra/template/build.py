"""The CloudFormation template of a deployed LogDig: plain, readable, made from the settings alone.

Source: docs/deploy.md. Its parts are functions from settings to resources in infra/template.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.template.alarms import alarms
from infra.template.cloudwatch_dashboard import dashboard
from infra.template.endpoints import endpoint_addresses, endpoints
from infra.template.functions import functions
from infra.template.jobs import jobs
from infra.template.jobs import outputs as job_outputs
from infra.template.resource import Resource, ref
from infra.template.server import Server
from infra.template.storage import artifacts, storage
from logdig.config.settings import Settings

if TYPE_CHECKING:
    from infra.packaging.build import Packages

Template = dict[str, Any]

FORMAT = "2010-09-09"
NOT_EMULATED = ("AWS::EMRServerless::Application", "AWS::Budgets::Budget")
"""Types that emulators of AWS refuse."""


def is_not_emulated(resource: Resource) -> bool:
    """Tell whether emulators of AWS refuse a resource: some types, and alarms with metric math."""
    return resource["Type"] in NOT_EMULATED or "Metrics" in resource["Properties"]


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Locations of the packages, as the template names them.

    Args:
        bucket: Bucket of all of them.
        functions: Key of the functions' archive.
        entry: Key of the program that EMR starts.
        spark_parameters: Of spark-submit, with the addresses of code and wheels; empty where there is no EMR.
        server: In server mode only.
        dashboard: Key of the dashboard's archive; empty = it is not deployed.
    """

    bucket: str
    functions: str
    entry: str
    spark_parameters: str
    server: Server | None = None
    dashboard: str = ""


def artifacts_of(packages: Packages, bucket: str, server: Server | None = None) -> Artifacts:
    """Locations of built packages in a bucket."""
    return Artifacts(
        bucket=bucket,
        functions=packages.functions.key,
        entry=packages.entry.key,
        spark_parameters=packages.spark_submit_parameters(bucket) if packages.wheels is not None else "",
        server=server,
        dashboard=packages.dashboard.key if packages.dashboard is not None else "",
    )


def build_template(settings: Settings, packages: Artifacts) -> Template:
    """Make the whole template.

    Args:
        settings: Of this installation.
        packages: Their locations.
    Raises:
        InvalidSettingError: A setting that only AWS refuses.
        SetupError: Server mode without its bundle.
    """
    code = {"S3Bucket": packages.bucket, "S3Key": packages.functions}
    shown = {"S3Bucket": packages.bucket, "S3Key": packages.dashboard} if packages.dashboard else None
    entry = f"s3://{packages.bucket}/{packages.entry}"
    outputs = {
        **endpoint_addresses(settings),
        "QueueUrl": ref("Queue"),
        "DeadLettersUrl": ref("DeadLetters"),
        "Bucket": ref("Bucket"),
        "ProfileTable": ref("Profiles"),
        "Database": ref("Database"),
        "FlushFunction": ref("Flush"),
        "AlarmsTopic": ref("AlarmsTopic"),
        "DashboardName": ref("Dashboard"),
        **job_outputs(entry, packages.spark_parameters),
        **({"Domain": settings.domain} if settings.domain else {}),
        **({"DomainZone": settings.domain_zone} if settings.domain_zone else {}),
    }
    template = {
        "AWSTemplateFormatVersion": FORMAT,
        "Description": f"LogDig {settings.prefix}: behaviour logs from the page to tables and decisions.",
        "Resources": {
            **storage(settings),
            **functions(settings, code, shown),
            **endpoints(settings, packages.server),
            **jobs(settings, entry, packages.spark_parameters),
            **alarms(settings),
            **dashboard(settings),
        },
        "Outputs": {name: {"Description": OUTPUTS[name], "Value": value} for name, value in outputs.items()},
    }
    return template if packages.spark_parameters else without(template, is_not_emulated)


OUTPUTS = {
    "Endpoint": "Address of the collector: data-endpoint of the script tag.",
    "DecideEndpoint": "Address of the decision service: data-decide-endpoint of the script tag.",
    "DashboardEndpoint": "Address of the dashboard; `logdig share` makes links to it.",
    "QueueUrl": "Queue between collector and flush.",
    "DeadLettersUrl": "Dead-letter queue.",
    "Bucket": "Bucket of zones and tables.",
    "ProfileTable": "Table that decisions read.",
    "Database": "Glue database of the tables.",
    "FlushFunction": "Function that flushes.",
    "AlarmsTopic": "Topic of the alarms.",
    "DashboardName": "CloudWatch dashboard.",
    "Domain": "The name in front of all addresses; the stack that serves it is in us-east-1.",
    "DomainZone": "Hosted zone of its records.",
    "JobsApplication": "EMR Serverless application of the Spark jobs.",
    "JobsApplicationArn": "Its ARN.",
    "JobsRole": "Role of the Spark jobs.",
    "JobsEntry": "Program that the jobs start with.",
    "JobsParameters": "Parameters of spark-submit.",
}
"""Name and meaning of each output."""


def artifacts_template(settings: Settings) -> Template:
    """Make the template of the small stack that is created first: the bucket of the packages."""
    return {
        "AWSTemplateFormatVersion": FORMAT,
        "Description": f"LogDig {settings.prefix}: what a deploy uploads.",
        "Resources": artifacts(settings),
        "Outputs": {"Artifacts": {"Description": "Bucket of the packages.", "Value": ref("Artifacts")}},
    }


def template_text(template: Template) -> str:
    """Template as indented JSON."""
    return json.dumps(template, indent=2) + "\n"


def without(template: Template, is_refused: Callable[[Resource], bool]) -> Template:
    """Leave out some resources, and every part that refers to one of them."""
    return _leave_out(template, {name for name, resource in template["Resources"].items() if is_refused(resource)})


def only(template: Template, names: set[str]) -> Template:
    """Keep some resources, except those that refer to one that is left out; no outputs."""
    return _leave_out({**template, "Outputs": {}}, set(template["Resources"]) - names)


def _leave_out(template: Template, gone: set[str]) -> Template:
    resources, outputs = dict(template["Resources"]), dict(template["Outputs"])
    while gone:
        for name in gone:
            resources.pop(name, None)
        outputs = {name: output for name, output in outputs.items() if not _references(output) & gone}
        gone = {name for name, resource in resources.items() if _references(resource) & gone}
    return {**template, "Resources": resources, "Outputs": outputs}


def _references(value: Any) -> set[str]:
    """Resources that a part of a template refers to."""
    if isinstance(value, list):
        return set().union(*map(_references, value))
    if not isinstance(value, dict):
        return set()
    names = {value["Ref"]} if isinstance(value.get("Ref"), str) else set()
    if isinstance(value.get("Fn::GetAtt"), list):
        names.add(value["Fn::GetAtt"][0])
    depends = value.get("DependsOn", [])
    return names | set(depends if isinstance(depends, list) else []) | set().union(*map(_references, value.values()))
