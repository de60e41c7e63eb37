"""What a fresh process imports: a function at its first request, with only Lambda's environment, and the server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import boto3

from tests.fakes.tracked import ORIGIN, TOKEN, event

ROOT = Path(__file__).resolve().parents[2]
FIRST_REQUEST = """
import json, sys
import lambdas.app
answer = lambdas.app.function_url(json.loads(sys.stdin.read()), None)
print(json.dumps([answer["statusCode"], sorted(name for name in sys.modules if name.startswith("botocore."))]))
"""


def test_first_request_is_durable_and_signed_by_stored_secrets_without_the_weight_of_botocore(
    service: str, moto_url: str, tmp_path: Path
) -> None:
    url = boto3.client("sqs").create_queue(QueueName=service)["QueueUrl"]
    boto3.client("ssm").put_parameter(Name=f"/{service}/signing/shop", Value="secret", Type="SecureString")
    config = tmp_path / "logdig.toml"
    config.write_text(f'[[apps]]\nname = "shop"\ntoken = "{TOKEN}"\norigins = ["{ORIGIN}"]\n')
    environment = {
        "AWS_LAMBDA_FUNCTION_NAME": "collect", "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing", "AWS_REGION": "ap-northeast-1", "AWS_ENDPOINT_URL": moto_url,
        "LOGDIG_CONFIG": str(config), "LOGDIG_QUEUE_URL": url, "LOGDIG_SIGNING_PARAMETERS": f"/{service}/signing",
    }  # fmt: skip
    sent = event()
    asked = {
        "rawPath": "/v1/events", "headers": {"origin": ORIGIN, "content-type": "text/plain"},
        "body": json.dumps({"token": TOKEN, "events": [sent]}),
        "requestContext": {"http": {"method": "POST", "sourceIp": "198.51.100.7"}},
    }  # fmt: skip

    run = subprocess.run(
        [sys.executable, "-c", FIRST_REQUEST], input=json.dumps(asked), env=environment, cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    status, modules = json.loads(run.stdout.splitlines()[-1])
    (message,) = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert status == 202
    assert sent["event_id"] in message["Body"]
    assert {"botocore.session", "botocore.client", "botocore.auth"}.isdisjoint(modules)


def test_server_imports_no_flask() -> None:
    code = "import sys, api.server; print(sorted({name.partition('.')[0] for name in sys.modules}))"

    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert "granian" in run.stdout
    assert "flask" not in run.stdout
