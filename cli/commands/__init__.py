"""One module for each command; `COMMANDS` names them all."""

COMMANDS = {
    "app": "Add, list, rotate and disable apps in logdig.toml.",
    "bad": "List, show and retry rejected events.",
    "cost": "Show the cost of a month by service.",
    "dashboard": "Serve the dashboard.",
    "demo": "Run the whole pipeline on this machine, from visitors to ad decisions.",
    "deploy": "Deploy logdig.toml to your AWS account and run a smoke test.",
    "destroy": "Remove the deployed stack; the data stays unless you ask.",
    "dev": "Run collector, queue, flush and dashboard on this machine.",
    "dlq": "List dead-letter messages and send them back to the queue.",
    "flush": "Write queued events to S3 now.",
    "forget": "Erase a person from all stored data.",
    "init": "Write logdig.toml, by questions or by flags.",
    "jobs": "List and run the Spark jobs: ingest, marts, model, targets.",
    "ledger": "Show what became of every event, and whether the counts add up.",
    "load": "Load customers or tracks from a file.",
    "package": "Build the packages that a deploy uploads.",
    "plan": "Show what a deploy would do and cost.",
    "policy": "Print the IAM policies that a deploy needs.",
    "rebuild": "Rebuild the tables from the raw zone.",
    "send": "Send recorded rows, or events of other tools, to the collector.",
    "serve": "Serve the collector.",
    "status": "Show the status of the deployed stack.",
    "tail": "Show log lines of the deployed stack.",
    "verify": "Check stored objects against their names.",
}
"""Name and one line of help of each command; its module exports ``command``."""
