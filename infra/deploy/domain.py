"""The domain's stack in us-east-1: its secret, its parameters, its files, the records that DNS must hold."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from infra.aws.account import Account
from infra.aws.cloudformation import (
    ChangeSet,
    Stack,
    apply_change,
    discard_change,
    find_stack,
    follow_events,
    prepare_change,
    remove_stack,
)
from infra.aws.stack_events import Event, StackFailedError, stack_events
from infra.deploy.buckets import empty_bucket, object_exists, put_package
from infra.packaging.build import Package
from infra.template.domain import DOMAIN_REGION, PARAMETERS, SECRET_PARAMETER, domain_stack, host_parameters
from infra.template.functions import signing_path
from infra.template.resource import tags
from logdig.config.settings import Settings
from logdig.config.signatures import ORIGIN_PARAMETER

SECRET_BYTES = 32
UNUSABLE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")
"""States from which a stack can only be removed and made anew; this one holds copies only."""
IN_USE_SECONDS = (30.0, 120.0)
"""Pauses before removal is tried again."""
UNKNOWN_HOST = "known-after-deploy.invalid"
"""Stands for a host in a change set that only shows."""
RECORD = re.compile(r"Name:\s*(\S+?)\.?\s*,\s*Type:\s*CNAME\s*,\s*Value:\s*([^\s},]+?)\.?\s*[},]")
"""The record that proves the domain, in CloudFormation's event about the certificate."""


def domain_account(account: Account) -> Account:
    """The account in the region of the domain's stack."""
    return account.in_region(DOMAIN_REGION)


def deployed_domain(settings: Settings, outputs: Mapping[str, str]) -> Settings:
    """Settings with the domain that is deployed, by the outputs of the main stack; without one, as they are."""
    if "Domain" not in outputs:
        return settings
    return msgspec.structs.replace(
        settings, domain=outputs["Domain"], domain_zone=outputs.get("DomainZone", ""), domain_web_acl=""
    )


def origin_parameter(settings: Settings) -> str:
    """Name of the origin secret in the parameter store."""
    return f"{signing_path(settings)}/{ORIGIN_PARAMETER}"


def origin_secret(account: Account, settings: Settings) -> str | None:
    """The origin secret; None when there is none yet."""
    name = origin_parameter(settings)
    found = account.find("ssm", "get_parameter", "ParameterNotFound", Name=name, WithDecryption=True)
    return None if found is None else str(found["Parameter"]["Value"])


def make_origin_secret(account: Account, settings: Settings) -> None:
    """Make the origin secret, unless somebody did so first."""
    value = secrets.token_urlsafe(SECRET_BYTES)
    name = origin_parameter(settings)
    account.find("ssm", "put_parameter", "ParameterAlreadyExists", Name=name, Value=value, Type="SecureString")


def compare_domain(
    account: Account, settings: Settings, template: Mapping[str, Any], outputs: Mapping[str, str]
) -> ChangeSet | None:
    """What would change in the domain's stack; nothing is left behind.

    Args:
        account: Of the main stack.
        settings: With a domain.
        template: Of the domain's stack.
        outputs: Of the main stack, as it is now.
    Returns:
        None when nothing would.
    """
    there = domain_account(account)
    hosts = [_parameter(name, host_of(outputs.get(PARAMETERS[name], ""))) for name in host_parameters(settings)]
    kept = {"ParameterKey": SECRET_PARAMETER, "UsePreviousValue": True}
    body = {"TemplateBody": json.dumps(template)}
    change = prepare_change(there, domain_stack(settings), body, tags(settings), [*hosts, kept])
    if change is not None:
        discard_change(there, change)
    return change


def apply_domain(
    account: Account,
    settings: Settings,
    template: Mapping[str, Any],
    outputs: Mapping[str, str],
    on_event: Callable[[Event], None],
) -> None:
    """Make or change the domain's stack and wait for it; one that an earlier deploy left waiting is waited for first.

    Raises:
        StackFailedError: It failed and is rolled back.
    """
    there, name = domain_account(account), domain_stack(settings)
    stack = find_stack(there, name)
    if stack is not None and stack.status.endswith("_IN_PROGRESS"):
        _wait_for(there, stack, on_event)
    elif stack is not None and stack.status in UNUSABLE:
        _remove_stack(there, settings, on_event)
    hosts = [_parameter(name, host_of(outputs[PARAMETERS[name]])) for name in host_parameters(settings)]
    secret = _parameter(SECRET_PARAMETER, origin_secret(account, settings) or "")
    body = {"TemplateBody": json.dumps(template)}
    change = prepare_change(there, name, body, tags(settings), [*hosts, secret])
    if change is not None:
        apply_change(there, change, on_event)


def upload_scripts(account: Account, settings: Settings, scripts: Iterable[Package]) -> None:
    """Upload the tracker's files; those of earlier versions stay for the pages that name them."""
    for script in scripts:
        put_package(domain_account(account), settings.scripts_bucket_name, script)


def tracker_files(packages: Iterable[Package]) -> tuple[Package, ...]:
    """The packages that pages load."""
    return tuple(package for package in packages if package.key.startswith("tracker/"))


def are_uploaded(account: Account, settings: Settings, scripts: Iterable[Package]) -> bool:
    """Whether the domain's bucket holds all these files."""
    there, bucket = domain_account(account), settings.scripts_bucket_name
    return all(object_exists(there, bucket, script.key) for script in scripts)


def remove_domain(
    account: Account, settings: Settings, on_event: Callable[[Event], None], tell: Callable[[str], None]
) -> bool:
    """Remove the domain's stack, its files and its secret, and say what stays in the owner's DNS.

    Args:
        account: Of the main stack.
        settings: With the domain that is removed.
        on_event: Called with every event of the stack, and with one about the secret.
        tell: Called with a line for each record that is left.
    Returns:
        False when there was no stack.
    Raises:
        StackFailedError: Something could not be deleted.
    """
    there = domain_account(account)
    stack = find_stack(there, domain_stack(settings))
    left = {} if stack is None else records(account, settings, stack)
    removed = _remove_stack(there, settings, on_event)
    parameter = origin_parameter(settings)
    if account.find("ssm", "delete_parameter", "ParameterNotFound", Name=parameter) is not None:
        on_event(Event(parameter, "OriginSecret", "AWS::SSM::Parameter", "DELETE_COMPLETE", parameter))
    for name, value in left.items():
        tell(f"delete this record from your DNS, or the name cannot be used again: {name} CNAME {value}")
    if removed and settings.domain_zone:
        tell(f"the record that proved {settings.domain} stays in zone {settings.domain_zone}; delete it there")
    return removed


def _remove_stack(there: Account, settings: Settings, on_event: Callable[[Event], None]) -> bool:
    """Remove the domain's stack; a certificate counts as used for a while after its distribution is gone."""
    name = domain_stack(settings)
    if find_stack(there, name) is not None:
        empty_bucket(there, settings.scripts_bucket_name, lambda _: None)
    for seconds in IN_USE_SECONDS:
        try:
            return remove_stack(there, name, on_event)
        except StackFailedError:
            there.sleep(seconds)
    return remove_stack(there, name, on_event)


def _wait_for(there: Account, stack: Stack, on_event: Callable[[Event], None]) -> None:
    """Wait for what an earlier command began.

    Raises:
        StackFailedError: It failed.
    """
    wanted = ("DELETE_COMPLETE",) if stack.status.startswith("DELETE") else ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    status, failures = follow_events(there, stack.stack_id, set(), on_event)
    if status not in wanted:
        raise StackFailedError(stack.name, status, failures)


def record_of(event: Event) -> tuple[str, str] | None:
    """Name and value of the CNAME record that a certificate waits for; None for every other event."""
    found = RECORD.search(event.reason) if event.logical_id == "Certificate" else None
    return None if found is None else (found[1], found[2])


def records(account: Account, settings: Settings, stack: Stack) -> dict[str, str]:
    """CNAME records that the owner's DNS must hold, name -> value; none where a hosted zone is set."""
    if settings.domain_zone:
        return {}
    every = filter(None, map(record_of, stack_events(domain_account(account), stack.stack_id)))
    # Events tell of earlier names, too.
    wanted = {name: value for name, value in every if name.endswith(f".{settings.domain}")}
    return wanted | ({settings.domain: stack.outputs["Target"]} if "Target" in stack.outputs else {})


def host_of(address: str) -> str:
    """Host of an address that the main stack has as an output."""
    return urlsplit(address).netloc or UNKNOWN_HOST


def _parameter(name: str, value: str) -> dict[str, object]:
    return {"ParameterKey": name, "ParameterValue": value}
