"""Dino: it keeps accounts and messages in one SQLite database, and shows what `content_item` lists."""

import os
import sqlite3

from chat import (
    CORRECTED,
    CORRECTION,
    ECHO,
    FIRST,
    SECOND,
    WRITTEN,
    next_second,
    report,
    wait_for,
)
from desktop import Desktop

SHOWN = """
    select case direction when 1 then 'me' else 'echo' end, body
    from content_item join message on message.id = foreign_id
    where content_type = 1 and hide = 0 order by content_item.time, content_item.id"""
# 1 is received, 2 is read. The receipt for a corrected message is for what was written at first.
TICKED = "select body from message where direction = 1 and marked in (1, 2) order by id"
ONLINE = """
    select resource from entity join jid on jid.id = jid_id where bare_jid = ? and resource <> ''"""


class Dino(Desktop):
    """Dino on a device of its own."""

    def __init__(self, device):
        super().__init__("dino", device)
        self.database = os.path.join(self.home, ".local/share/dino/dino.db")

    def log_in(self):
        self.add_account()
        self.start("dino-im")
        self.fill_screen(self.wait_for_window("Dino"))
        wait_for("the contact list", lambda: self.ask("select jid from roster"))

    def add_account(self):
        """The first start makes the database; there is no way in but by hand or there."""
        first = self.start("dino-im")
        wait_for("its database", lambda: self.ask("select 1 from _meta where name = 'version'"))
        first.terminate()
        first.wait()
        with sqlite3.connect(self.database) as database:
            database.execute(
                "insert into account (bare_jid, resourcepart, password, alias, enabled)"
                " values ('dino@localhost', ?, 'dinopw', '', 1)",
                [self.device],
            )

    def ask(self, query, *values):
        if not os.path.exists(self.database):
            return None
        try:
            with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as database:
                return database.execute(query, values).fetchall()
        except sqlite3.OperationalError:  # in use at the moment, or not there yet
            return None

    def open_chat(self):
        self.run("dino-im", f"xmpp:{ECHO}?message")
        self.settle()

    def say(self, words):
        self.type(words)
        self.press("Return")


def drive(checks):
    with Dino("first") as first:
        checks.check("contact online", lambda: first.ask(ONLINE, ECHO), [("echo",)])
        first.open_chat()
        first.say(FIRST)
        checks.check("echo shown", lambda: first.ask(SHOWN), WRITTEN[:2])
        # While the other side is typing, Dino leaves out of the view what is written within the
        # second of the first message there; and Up corrects only what is in the view.
        next_second()
        first.say(SECOND)
        checks.check("in order", lambda: first.ask(SHOWN), WRITTEN)
        checks.check("ticked", lambda: first.ask(TICKED), [(FIRST,), (SECOND,)])
        # A new device takes no more than the last 20 stanzas of the archive, and each message here
        # is six of them: itself, received, displayed, and their echoes.
        with Dino("second") as second:
            checks.check("second device by archive", lambda: second.ask(SHOWN), WRITTEN)
            first.settle()
            first.press("Up")
            first.settle()
            first.say(CORRECTION)
            checks.check("both sides corrected", lambda: first.ask(SHOWN), CORRECTED)
            checks.check("on the second device by carbons", lambda: second.ask(SHOWN), CORRECTED)
            second.open_chat()


report(drive)
