"""Whether this machine has usable keys for AWS, asked before the first call, so that a fault of its set-up has a name.

Sources: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html, and botocore/exceptions.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from logdig.aws.credentials import session
from logdig.errors import LogDigError, SetupError, TransientError

REACH = (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.MetadataRetrievalError)
"""Keys come from the network, and the network fails."""
HALF_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class _Fault(NamedTuple):
    """What is wrong and the command that helps; ``{profile}`` is the profile's option, ``{reason}`` botocore's text."""

    cause: str
    remedy: str


_SSO = _Fault("the SSO login is missing or has expired", "run: aws sso login{profile}")
_LOGIN = _Fault("the login is missing or has expired", "run: aws login{profile}")
_CONFIG = _Fault("{reason}", "correct the AWS configuration; this shows what is read: aws configure list{profile}")
_PROCESS = _Fault(
    "the credential_process of the profile gave no keys: {reason}",
    "run its command by hand; this shows it: aws configure get credential_process{profile}",
)
_NONE = _Fault("Unable to locate credentials", "set up AWS access ('aws configure'), or use an emulator ('logdig dev')")

FAULTS: tuple[tuple[tuple[type[Exception], ...], _Fault], ...] = (
    ((exceptions.NoCredentialsError,), _NONE),
    ((exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.NoAuthTokenError), _SSO),
    ((exceptions.LoginError,), _LOGIN),
    (
        (exceptions.ProfileNotFound,),
        _Fault("{reason}", "choose one with --profile; this lists them: aws configure list-profiles"),
    ),
    (
        (exceptions.PartialCredentialsError,),
        _Fault("half a key: {reason}", "set both parts of the key, or run: aws configure{profile}"),
    ),
    ((exceptions.CredentialRetrievalError,), _Fault("{reason}", _CONFIG.remedy)),
    (
        (exceptions.ConfigParseError, exceptions.ConfigNotFound),
        _Fault("{reason}", "correct that file, or name another one in AWS_CONFIG_FILE; then check: aws configure list"),
    ),
    (
        (
            exceptions.InvalidConfigError,
            exceptions.UnknownCredentialError,
            exceptions.RefreshWithMFAUnsupportedError,
            exceptions.MissingDependencyException,
            exceptions.NoRegionError,
        ),
        _CONFIG,
    ),
)
"""Errors of botocore and what each means; the first match counts."""
ACCESS_ERRORS = tuple(kind for kinds, _ in FAULTS for kind in kinds)


def check_access(environment: Mapping[str, str]) -> None:
    """Resolve profile and keys as AWS's standard chain does.

    Raises:
        SetupError: There are no usable keys; one line with the cause and the command that helps.
        TransientError: The keys come over the network, which fails.
    """
    try:
        credentials = session().get_credentials()
        if credentials is None:
            raise exceptions.NoCredentialsError
        credentials.get_frozen_credentials()
    except Exception as err:
        # A credential_process may fail with any error of Python, such as one of its JSON.
        raise access_error(err, environment) from err


def access_error(err: Exception, environment: Mapping[str, str]) -> LogDigError:
    """Describe an error of resolving keys in one line with the command that helps."""
    name = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE")
    reason = " ".join(str(err).split()) or type(err).__name__
    fault = _fault(err, environment)
    if fault is None and isinstance(err, REACH):
        return TransientError(f"AWS access: the keys cannot be fetched: {reason}; check the network, and try again")
    if fault is None and isinstance(err, ClientError):
        fault = _Fault("AWS gives no keys: {reason}", _CONFIG.remedy)
    cause, remedy = fault or _Fault(f"{type(err).__name__}: {{reason}}", _CONFIG.remedy)
    where = f" (profile {name})" if name and name not in reason else ""
    shown = cause.replace("{reason}", reason)
    return SetupError(
        f"AWS access: {shown}{where}; {remedy.replace('{profile}', f' --profile {name}' if name else '')}"
    )


def _fault(err: Exception, environment: Mapping[str, str]) -> _Fault | None:
    missing = [variable for variable in HALF_KEYS if not environment.get(variable)]
    if isinstance(err, exceptions.NoCredentialsError) and len(missing) == 1:
        # botocore passes over a secret without its id.
        return _Fault(
            f"half a key: {missing[0]} is not set", "set both parts of the key, or run: aws configure{profile}"
        )
    is_process = isinstance(err, exceptions.CredentialRetrievalError) and "custom-process" in str(err)
    if is_process or (not isinstance(err, (BotoCoreError, ClientError)) and _has_process()):
        return _PROCESS
    return next((fault for kinds, fault in FAULTS if isinstance(err, kinds)), None)


def _has_process() -> bool:
    try:
        return "credential_process" in session().get_scoped_config()
    except BotoCoreError:
        return False
