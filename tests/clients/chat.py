"""What is the same with every program: the words that a person writes and what must be seen in the
end, waiting for it with a deadline, and the words that the run reports. Knows no program."""

import os
import sys
import time

ECHO = "bot@echo.localhost"
FIRST, SECOND, CORRECTION = "first words", "second words", ", corrected"
WRITTEN = [("me", FIRST), ("echo", FIRST), ("me", SECOND), ("echo", SECOND)]
CORRECTED = WRITTEN[:2] + [(side, SECOND + CORRECTION) for side in ("me", "echo")]

SECONDS = 30
WORK = os.environ["CLIENTS_WORK"]
OUT = os.environ["CLIENTS_OUT"]


class NotSeen(Exception):
    """What a program should have come to show or do, and has not."""


def wait_for(what, look, wanted=None, seconds=SECONDS):
    """Looks until it sees what is wanted, or anything at all if that is None; says what it saw."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen == wanted if wanted is not None else seen:
            return seen
        if time.monotonic() > end:
            raise NotSeen(f"{what}: not within {seconds} s" + (f", but {seen}" if seen else ""))
        time.sleep(0.1)


def next_second():
    """Until the clock shows another second: programs and archives date messages in seconds."""
    now = int(time.time())
    wait_for("the next second", lambda: int(time.time()) > now)


class Checks:
    """What was looked for in one program, and whether it was there."""

    def __init__(self):
        self.held, self.failed = [], []

    def check(self, what, look, wanted=None):
        """Goes on after a failure, with less patience: what else holds is worth knowing."""
        try:
            wait_for(what, look, wanted, 10 if self.failed else SECONDS)
            self.held.append(what)
        except NotSeen as failure:
            self.failed.append(str(failure))


def report(drive):
    """Runs the driver of one program. Prints what was checked; exits with 1 if something failed."""
    checks = Checks()
    try:
        drive(checks)
    except NotSeen as failure:
        checks.failed.append(str(failure))
    print("; ".join(checks.failed) or ", ".join(checks.held))
    sys.exit(1 if checks.failed else 0)
