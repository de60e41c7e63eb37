"""The Spark jobs on EMR Serverless: application, role, log, and the schedules that start them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from infra.template.functions import log_group, schedule
from infra.template.iam import allow, role
from infra.template.messages import send_messages
from infra.template.resource import Resources, arn_of, attribute, bucket_arn, make, ref, sub
from logdig.config.deployment import emr_version
from logdig.config.settings import Settings
from logdig.privacy.erasure_list import SALT_KEY
from logdig.store.lease import LEASE_KEY
from logdig.store.state.job_states import JOBS_KEY

IDLE_MINUTES = 5
"""An idle application without warm workers costs nothing; stopping it frees what is left."""
MOST_VCPUS, MOST_GIGABYTES, MOST_DISK_GIGABYTES = 16, 64, 640
"""Maximum of all jobs together, so that a mistake cannot cost more than $1 an hour."""
RUN_MINUTES = 360
"""A run that takes longer is ended; a rerun is harmless."""
WORKER = {
    "spark.driver.cores": "1",
    "spark.driver.memory": "3g",
    "spark.executor.cores": "1",
    "spark.executor.memory": "3g",
    "spark.dynamicAllocation.initialExecutors": "1",
    "spark.dynamicAllocation.maxExecutors": "14",
}
"""Small workers: a run that finds little is two of them for three minutes (infra/cost/model.py)."""
SCALING_PROFILE = {"spark.emr-serverless.scalingProfile": "cost-optimized"}
SCALING_PROFILE_SINCE = (8, 2, 0)
"""From this release on EMR would otherwise add workers early; nobody waits for these jobs."""
LIVE_JOBS = ("ingest", "live")
STATE_KEYS = (LEASE_KEY, JOBS_KEY)
START_RUN = "arn:${AWS::Partition}:scheduler:::aws-sdk:emrserverless:startJobRun"


@dataclass(frozen=True, slots=True)
class JobSchedule:
    """A schedule that starts jobs: ``name``, the expression as AWS writes it, and the jobs."""

    name: str
    expression: str
    jobs: tuple[str, ...]


def job_schedules(settings: Settings) -> tuple[JobSchedule, ...]:
    """Schedules of the jobs, by ``freshness``."""
    hour, minute = (int(part) for part in settings.schedules.daily_at.split(":"))
    if settings.freshness == "hourly":
        return (JobSchedule("hourly", f"cron({minute} * * * ? *)", ("all",)),)
    daily = JobSchedule("daily", f"cron({minute} {hour} * * ? *)", ("all",))
    if settings.freshness == "daily":
        return (daily,)
    return (daily, JobSchedule("live", "rate(5 minutes)", LIVE_JOBS))


def job_log(settings: Settings) -> str:
    """Log group of the jobs' reports."""
    return f"/aws/emr-serverless/{settings.prefix}"


def run_arguments(settings: Settings, jobs: tuple[str, ...], entry: str, parameters: str) -> dict[str, Any]:
    """Arguments of StartJobRun except application, role and token, as boto3 takes them.

    Args:
        settings: Names.
        jobs: Names that the entry program gets.
        entry: S3 address of the program.
        parameters: Of spark-submit: archives of code and wheels.
    """
    scaling = SCALING_PROFILE if emr_version(settings) >= SCALING_PROFILE_SINCE else {}
    worker = " ".join(f"--conf {key}={value}" for key, value in (WORKER | scaling).items())
    return {
        "name": "-".join(jobs),
        "executionTimeoutMinutes": RUN_MINUTES,
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": entry,
                "entryPointArguments": list(jobs),
                "sparkSubmitParameters": f"{parameters} {worker}",
            }
        },
        "configurationOverrides": {
            "monitoringConfiguration": {
                "cloudWatchLoggingConfiguration": {
                    "enabled": True,
                    "logGroupName": job_log(settings),
                    "logTypes": {"SPARK_DRIVER": ["STDOUT"]},
                }
            }
        },
    }


def jobs(settings: Settings, entry: str, parameters: str) -> Resources:
    """Resources of the jobs; see `run_arguments` for the arguments."""
    resources = {
        "JobsLog": log_group(settings, job_log(settings), "One line of JSON for each finished job."),
        "Jobs": make(
            settings,
            "AWS::EMRServerless::Application",
            "Runs the Spark jobs; starts with a job and stops by itself.",
            {
                "Name": f"{settings.prefix}-jobs",
                "Type": "SPARK",
                "ReleaseLabel": settings.emr_release,
                "Architecture": "ARM64",
                "AutoStartConfiguration": {"Enabled": True},
                "AutoStopConfiguration": {"Enabled": True, "IdleTimeoutMinutes": IDLE_MINUTES},
                # One run at a time: another one would wait for the lease of the lake, and cost meanwhile.
                "SchedulerConfiguration": {"MaxConcurrentRuns": 1, "QueueTimeoutMinutes": RUN_MINUTES},
                "MaximumCapacity": {
                    "Cpu": f"{MOST_VCPUS} vCPU",
                    "Memory": f"{MOST_GIGABYTES} GB",
                    "Disk": f"{MOST_DISK_GIGABYTES} GB",
                },
            },
        ),
        "JobsRole": _jobs_role(settings),
        "JobsScheduleRole": role(
            settings,
            "jobs-clock",
            "scheduler.amazonaws.com",
            "Lets the schedule start the Spark jobs.",
            allow(["emr-serverless:StartJobRun"], [arn_of("Jobs")]),
            allow(
                ["iam:PassRole"],
                [arn_of("JobsRole")],
                condition={"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}},
            ),
        ),
    }
    for job_schedule in job_schedules(settings):
        target = {
            "Arn": sub(START_RUN),
            "RoleArn": arn_of("JobsScheduleRole"),
            "Input": _input(run_arguments(settings, job_schedule.jobs, entry, parameters)),
            "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
        }
        resources[f"{job_schedule.name.title()}Jobs"] = schedule(
            settings,
            f"{job_schedule.name}-jobs",
            f"Starts the Spark jobs: {', '.join(job_schedule.jobs)}.",
            job_schedule.expression,
            target,
            timezone=settings.schedules.timezone,
        )
    return resources


def _input(arguments: dict[str, Any]) -> dict[str, Any]:
    """Scheduler takes the same arguments as JSON text, each name capitalised."""
    request = _capitals(arguments) | {
        "ApplicationId": "${Application}",
        "ExecutionRoleArn": "${Role}",
        "ClientToken": "<aws.scheduler.execution-id>",
    }
    text = json.dumps(request, sort_keys=True)
    return {"Fn::Sub": [text, {"Application": ref("Jobs"), "Role": arn_of("JobsRole")}]}


def _capitals(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _capitals(inner) for name, inner in value.items()}
    return value


def _jobs_role(settings: Settings) -> dict[str, Any]:
    bucket = settings.bucket_name
    account = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}"
    group = f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:{job_log(settings)}"
    return role(
        settings,
        "jobs",
        "emr-serverless.amazonaws.com",
        "What the Spark jobs may do.",
        allow(["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"], [bucket_arn(bucket)]),
        allow(["s3:GetObject"], bucket_arn(bucket, "*")),
        # Large files are uploaded in parts, which a failed task aborts.
        allow(
            ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            bucket_arn(bucket, "tables/*", "checkpoints/*"),
        ),
        # Who writes the lake, and how each job ended.
        allow(["s3:PutObject"], bucket_arn(bucket, *STATE_KEYS)),
        # `maintain` removes what a flush wrote of a person while that person was being erased.
        allow(["s3:PutObject", "s3:GetObjectVersion", "s3:DeleteObjectVersion"], bucket_arn(bucket, "raw/*", "bad/*")),
        # The ledger keeps digests, and makes their salt before the first erasure does.
        allow(["s3:PutObject"], bucket_arn(bucket, SALT_KEY)),
        allow(["s3:GetObject"], bucket_arn(settings.artifacts_bucket_name, "packages/*")),
        allow(
            ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable"],
            [
                sub(f"{account}:catalog"),
                sub(f"{account}:database/{settings.database}"),
                sub(f"{account}:table/{settings.database}/*"),
            ],
        ),
        allow(["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"], [arn_of("Profiles")]),
        *send_messages(settings, "target"),
        allow(["sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"], [arn_of("DeadLetters")]),
        allow(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], [sub(f"{group}:*")]),
        # EMR finds its log group by listing, which IAM cannot limit to a name.
        allow(
            ["logs:DescribeLogGroups"],
            [sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*")],
        ),
    )


def outputs(entry: str, parameters: str) -> dict[str, Any]:
    """Outputs that `logdig jobs run --on aws` reads."""
    return {
        "JobsApplication": ref("Jobs"),
        "JobsApplicationArn": attribute("Jobs", "Arn"),
        "JobsRole": arn_of("JobsRole"),
        "JobsEntry": entry,
        "JobsParameters": parameters,
    }
