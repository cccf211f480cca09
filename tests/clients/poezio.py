"""poezio: it shows who said what as lines in a terminal, with a tick before one's own, and behind the
name how often the words were corrected."""

import re

from chat import CORRECTED, CORRECTION, ECHO, FIRST, SECOND, WRITTEN, report, wait_for
from terminal import Terminal

# Without the archive where messages are on their way: it shows twice what arrives while it takes it.
SETTINGS = """\
[Poezio]
jid = poezio@localhost/{device}
password = poeziopw
mam_sync = {archive}
"""
LINE = re.compile(r".*│[0-9:]{8} (✔ )?(poezio|bot)(1?)> (.*)")
CORRECTED_ONCE = CORRECTED[:2] + [(side, words + " (1)") for side, words in CORRECTED[2:]]


class Poezio(Terminal):
    """poezio on a device of its own."""

    def __init__(self, device, archive):
        settings = SETTINGS.format(device=device, archive=str(archive).lower())
        super().__init__("poezio", device, {".config/poezio/poezio.cfg": settings})

    def log_in(self):
        wait_for("its login", lambda: self.says("Your JID is"))

    def open_chat(self):
        # The slash alone opens the line for commands.
        self.press("/")
        wait_for("the line for commands", lambda: self.lines()[-1].endswith("│/"))
        self.enter(f"message {ECHO} ")
        wait_for("the chat", lambda: self.says(f"[{ECHO}]"))

    def enter(self, line):
        """Keys that come all at once are pasted to it, Enter too."""
        self.press("-l", line)
        wait_for(f"{line!r} in its input", lambda: self.lines()[-1].endswith(line.rstrip()))
        self.press("Enter")

    def shown(self):
        """Who said what, and how often it was corrected."""
        found = [match.groups() for match in map(LINE.fullmatch, self.lines()) if match]
        return [
            ("me" if who == "poezio" else "echo", words + (f" ({times})" if times else ""))
            for _, who, times, words in found
        ]

    def ticked(self):
        found = [match.groups() for match in map(LINE.fullmatch, self.lines()) if match]
        return [words for tick, who, _, words in found if tick and who == "poezio"]


def drive(checks):
    with Poezio("first", False) as first, Poezio("second", False) as second:
        # It lists who is online, with the number of their resources.
        checks.check("contact online", lambda: first.says(f"] {ECHO} (1)"))
        first.open_chat()
        second.open_chat()
        first.enter(FIRST)
        checks.check("echo shown", first.shown, WRITTEN[:2])
        first.enter(SECOND)
        checks.check("in order", first.shown, WRITTEN)
        checks.check("ticked", first.ticked, [FIRST, SECOND])
        # From the archive it takes a correction for one more message, whoever wrote it.
        with Poezio("later", True) as later:
            later.open_chat()
            checks.check("on a second device by archive", later.shown, WRITTEN)
        first.enter(f"/correct {SECOND}{CORRECTION}")
        checks.check("both sides corrected", first.shown, CORRECTED_ONCE)
        checks.check("still ticked", first.ticked, [FIRST, SECOND + CORRECTION])
        checks.check("on another by carbons", second.shown, CORRECTED_ONCE)


report(drive)
