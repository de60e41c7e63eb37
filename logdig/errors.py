"""The error family, sorted by who must act. Imports no other module of LogDig.

``http_status`` is the status that an HTTP caller gets. Messages say what, the value, the limit and the next step.
"""

from datetime import datetime


class LogDigError(Exception):
    """Root of every error that LogDig raises on purpose; ``context`` holds the values in the message."""

    http_status = 500

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.message = message
        self.context = context


class InputError(LogDigError):
    """The client must change something; never retried, never an alarm."""

    http_status = 400


class InvalidEventError(InputError):
    """One field of one event breaks a rule of the wire contract."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason, field=field, reason=reason)
        self.field = field
        self.reason = reason


class TransientError(LogDigError):
    """Wait and try again; what is queued stays queued."""

    http_status = 503


class QueueUnavailableError(TransientError):
    """SQS did not take, give or delete messages."""


class StoreUnavailableError(TransientError):
    """S3 did not take or give an object."""


class SecretsUnavailableError(TransientError):
    """The parameter store did not give the signing secrets."""


class ProfileUnavailableError(TransientError):
    """The profile store did not answer in time."""


class MessageUnavailableError(TransientError):
    """SNS did not take a message."""


class DataError(LogDigError):
    """An operator looks later: the record is set aside, its batch goes on."""


class PoisonMessageError(DataError):
    """A queued message that can never be read."""

    def __init__(self, message_id: str, reason: str) -> None:
        super().__init__(f"message {message_id} cannot be read: {reason}", message_id=message_id, reason=reason)
        self.reason = reason


class MissingColumnError(DataError):
    """A frame lacks columns that a mart needs."""

    def __init__(self, missing: list[str], present: list[str]) -> None:
        super().__init__(f"missing columns {missing}; present are {present}", missing=missing, present=present)


class SetupError(LogDigError):
    """A developer or owner fixes the configuration; stop at once."""


class InvalidSettingError(SetupError):
    """A key of logdig.toml or a LOGDIG_ variable breaks its rule."""

    def __init__(self, key: str, value: object, rule: str) -> None:
        super().__init__(f"{key} = {value!r}: {rule}", key=key, value=value, rule=rule)


class MissingPartError(SetupError):
    """Something the machine must have (Java, Chromium, a jar, a port) is not there; says how to get it."""


class LakeBusyError(TransientError):
    """Another run writes the lake."""

    def __init__(self, work: str, until: datetime) -> None:
        super().__init__(
            f"the lake is being written by: {work} (its lease ends at {until:%H:%M:%S} UTC unless it goes on); "
            "wait for it, or see 'logdig jobs status'",
            work=work,
            until=until,
        )


class LeaseLostError(TransientError):
    """A run that stalled was overtaken by another one; it commits nothing more."""

    def __init__(self, work: str) -> None:
        super().__init__(f"{work} lost its lease of the lake to another run; run it again", work=work)
