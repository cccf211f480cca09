"""profanity: it shows who said what as lines in a terminal, and a `+` where words were corrected. No
tick is looked for: it sends its receipts to no one where a message comes from a bare JID."""

import re

from chat import CORRECTED, CORRECTION, ECHO, FIRST, SECOND, WRITTEN, report, wait_for
from terminal import Terminal

FILES = {".config/profanity/profrc": "[connection]\ncarbons=true\ncorrection.allow=true\n"}
LINE = re.compile(r"[0-9:]{8} ([-+]) (me|" + re.escape(ECHO) + r"): (.*)")


class Profanity(Terminal):
    """profanity on a device of its own; the chat is open."""

    def __init__(self, device):
        super().__init__("profanity", device, FILES)

    def log_in(self):
        wait_for("its first screen", lambda: self.says("Type '/help'"))
        self.enter(f"/connect profanity@localhost/{self.device}")
        wait_for("the question for the password", lambda: self.says("Enter password:"))
        self.enter("profanitypw")
        wait_for("its login", lambda: self.says("logged in successfully"))
        self.enter(f"/msg {ECHO}")

    def shown(self, corrected=False):
        """Who said what; what was said last must be marked as corrected, or must not."""
        found = [match.groups() for match in map(LINE.fullmatch, self.lines()) if match]
        marks = [mark for mark, _, _ in found]
        if marks[-2:] != (["+", "+"] if corrected else ["-", "-"]):
            return found
        return [("me" if who == "me" else "echo", words) for _, who, words in found]


def drive(checks):
    with Profanity("first") as first, Profanity("second") as second:
        checks.check("contact online", lambda: first.says(f"{ECHO} [online]"))
        first.enter(FIRST)
        checks.check("echo shown", first.shown, WRITTEN[:2])
        first.enter(SECOND)
        checks.check("in order", first.shown, WRITTEN)
        checks.check("on a second device by carbons", second.shown, WRITTEN)
        first.enter(f"/correct {SECOND}{CORRECTION}")
        checks.check("both sides corrected", lambda: first.shown(True), CORRECTED)
        checks.check("on the second device too", lambda: second.shown(True), CORRECTED)


report(drive)
