"""Signature Version 4: the one that botocore's signer makes, whatever is signed."""

from __future__ import annotations

from datetime import UTC, datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from logdig.aws.credentials import Keys
from logdig.aws.sigv4 import signed_headers

REGION = "ap-northeast-1"


@given(
    body=st.binary(max_size=300),
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    token=st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)),
    path=st.sampled_from(["/", "/a/b", "/a%20b"]),
)
def test_signature_is_the_one_of_botocores_signer(
    body: bytes, secret: str, token: str | None, at: datetime, path: str
) -> None:
    plain = {"host": "sqs.example:4566", "content-type": "application/x-amz-json-1.0", "x-amz-target": "A.B"}
    signer = SigV4Auth(Credentials("AKIA1", secret, token), "sqs", REGION)
    asked = AWSRequest("POST", f"https://sqs.example:4566{path}", headers=dict(plain), data=body)
    asked.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(asked)
    signature = signer.signature(signer.string_to_sign(asked, signer.canonical_request(asked)), asked)

    keys = Keys("AKIA1", secret, token)
    canonical = path.replace("%", "%25")
    ours = signed_headers(plain, body, keys, at.replace(tzinfo=UTC), service="sqs", region=REGION, path=canonical)

    assert ours["authorization"].endswith(f"Signature={signature}")
    assert ours.get("x-amz-security-token") == token
