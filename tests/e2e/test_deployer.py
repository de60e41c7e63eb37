"""The two printed policies are enough for a deploy; without a statement a command names the missing permission.

Nothing here sends or takes events: the schedule's first minute passes meanwhile.
"""

import re

import pytest

from tests.e2e.owner import Owner
from tests.e2e.stack import Stack

pytestmark = pytest.mark.timeout(1400)

COMMANDS = {
    "Stacks": ("plan",),
    "Objects": ("deploy", "--yes"),
    "Functions": ("flush", "--on", "aws"),
    "Logs": ("tail", "--once"),
}
"""Statement and a command that needs it; test_commands covers what CloudFormation does for the deployer."""


def test_deploy_changes_nothing_when_nothing_changed(stack: Stack, owner: Owner) -> None:
    run = owner.run("deploy", "--yes")

    assert run.returncode == 0, run.stderr
    assert "nothing to change" in run.stderr
    assert stack.status == "CREATE_COMPLETE"


@pytest.mark.parametrize("statement", COMMANDS)
def test_command_names_the_missing_permission_when_a_statement_is_taken_away(
    stack: Stack, owner: Owner, statement: str
) -> None:
    with owner.without(statement):
        run = owner.run(*COMMANDS[statement])

    assert run.returncode == 1
    (message,) = [line for line in run.stderr.splitlines() if line.startswith("logdig: ")]
    assert re.search(
        r"AWS does not let you call \w+:\w+: .*'\S*logdig policy data' and '\S*logdig policy work'", message
    )
