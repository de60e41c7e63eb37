"""Connections to AWS: whose certificates are believed, and through which proxy they go."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from botocore.auth import _host_from_url
from botocore.exceptions import BotoCoreError, SSLError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from logdig.aws.http_pool import AUTHORITIES, Connections, Endpoint, HttpResponse
from tests.fakes.answering import Answering, answering
from tests.fakes.aws_clients import BODY, full, lean

GOOD: tuple[int, dict[str, str], bytes] = (200, {}, b"{}")


def endpoint(url: str, authorities: str = AUTHORITIES) -> Endpoint:
    return Endpoint(url, authorities, 3, 20, 4)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that nobody but itself signed, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(alternatives, critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    encoding, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    certificate = tmp_path / "certificate.pem"
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, no_password)
    certificate.write_bytes(private + made.public_bytes(encoding))
    return certificate


@contextmanager
def speaking_tls(certificate: Path) -> Iterator[Answering]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with answering(GOOD, context=context) as service:
        yield service


def test_certificate_is_believed_only_when_a_named_authority_signed_it(certificate: Path) -> None:
    with speaking_tls(certificate) as service:
        believed = Connections(endpoint(service.endpoint, str(certificate))).post({}, b"{}")
        refused = Connections(endpoint(service.endpoint)).post({}, b"{}")
        elsewhere = service.endpoint.replace("127.0.0.1", "localhost")
        misnamed = Connections(endpoint(elsewhere, str(certificate))).post({}, b"{}")

    assert isinstance(believed, HttpResponse)
    assert isinstance(refused, SSLError)
    assert isinstance(misnamed, SSLError)
    assert len(service.asked) == 1


def test_proxy_of_the_environment_is_used_as_botocore_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(GOOD) as proxy:
        monkeypatch.setenv("http_proxy", proxy.endpoint.replace("//", "//user:pass%20word@"))
        monkeypatch.setenv("no_proxy", "inside.example")
        for client in (full("http://sqs.example:4566"), lean("http://sqs.example:4566")):
            client.send_message(QueueUrl="https://q/1/a", MessageBody=BODY)
        with pytest.raises(BotoCoreError):
            lean("http://inside.example", tries=1).send_message(QueueUrl="https://q/1/a", MessageBody=BODY)

    theirs, ours = proxy.asked
    assert ours.target == theirs.target == "http://sqs.example:4566/"
    assert ours.headers["proxy-authorization"] == theirs.headers["proxy-authorization"]


@pytest.mark.parametrize(
    "url",
    [
        "https://sqs.eu-west-1.amazonaws.com",
        "https://SQS.example:443/",
        "http://127.0.0.1:4566",
        "http://[::1]:9000/a b",
    ],
)
def test_host_is_signed_as_botocore_signs_it(url: str) -> None:
    assert Connections(endpoint(url)).host == _host_from_url(url)
