"""What sending messages needs: to count people, to text phone numbers, to queue exposures."""

from __future__ import annotations

from typing import Literal

from infra.template.iam import Statement, allow
from infra.template.resource import arn_of, sub
from logdig.config.settings import Settings


def send_messages(settings: Settings, when: Literal["target", "listen"]) -> tuple[Statement, ...]:
    """Statements for who sends the messages of this kind; none where no offer has one that is really sent."""
    if not any(offer.sms and offer.sms.when == when and not offer.sms.dry_run for offer in settings.offers):
        return ()
    return (
        allow(["dynamodb:UpdateItem"], [arn_of("Profiles")]),
        allow(["sqs:GetQueueUrl", "sqs:SendMessage"], [arn_of("Queue")]),
        # A phone number is no resource; no topic of the account is meant.
        {"Effect": "Allow", "Action": ["sns:Publish"], "NotResource": [sub("arn:${AWS::Partition}:sns:*:*:*")]},
    )
