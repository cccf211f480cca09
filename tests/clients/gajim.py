"""Gajim: it keeps settings and messages in SQLite, shows the words as labels that a screen reader can
read, and tells on the session bus who is online. No tick
is looked for: it sends receipts only to contacts that may see its presence, and the echo asks no one
for theirs."""

import ast
import json
import os
import re
import shutil
import sqlite3

from chat import CORRECTED, CORRECTION, ECHO, FIRST, SECOND, WRITTEN, next_second, report
from desktop import Desktop

# As Gajim 1.7 makes it, which also says what version that is; what is left out has its default.
SCHEMA = """
    create table settings (name text unique, settings text);
    create table account_settings (account text unique, settings text);
    pragma user_version = 5;"""
SETTINGS = {
    "app": {"use_keyring": False, "remote_control": True},
    "workspaces": {"only": {}},
    "soundevents": {},
    "status_presets": {},
    "proxies": {},
    "plugins": {},
}
ACCOUNT = {
    "name": "gajim",
    "hostname": "localhost",
    "password": "gajimpw",
    "savepass": True,
    "active": True,
}
TIME = re.compile("[0-9]{2}:[0-9]{2}")
# 4 is a chat message that was received, 6 is one that was sent.
STORED = """
    select case kind when 6 then 'me' else 'echo' end, message
    from logs where kind in (4, 6) order by time, log_line_id"""


class Gajim(Desktop):
    """Gajim on a device of its own."""

    def __init__(self, device):
        super().__init__("gajim", device)

    def log_in(self):
        self.add_account()
        self.start("gajim")
        self.fill_screen(self.wait_for_window("Gajim"))

    def add_account(self):
        settings = os.path.join(self.home, ".config/gajim/settings.sqlite")
        os.makedirs(os.path.dirname(settings))
        account = {"account": {**ACCOUNT, "resource": self.device}, "contact": {}, "group_chat": {}}
        with sqlite3.connect(settings) as database:
            database.executescript(SCHEMA)
            for name, values in SETTINGS.items():
                row = [name, json.dumps(values)]
                database.execute("insert into settings values (?, ?)", row)
            row = ["echo", json.dumps(account)]
            database.execute("insert into account_settings values (?, ?)", row)
        for path in os.path.dirname(settings), settings:
            shutil.chown(path, "nobody", "nogroup")

    def shown(self):
        """Who said what in the window: each row has the words, a name and the time as labels."""
        labels = self.labels()
        rows = zip(labels, labels[1:], labels[2:])
        rows = [(who, words) for words, who, time in rows if TIME.fullmatch(time)]
        return [("me" if who == "gajim" else "echo", words) for who, words in rows]

    def stored(self):
        """Who said what in its database."""
        logs = os.path.join(self.home, ".local/share/gajim/logs.db")
        try:
            with sqlite3.connect(f"file:{logs}?mode=ro", uri=True) as database:
                return database.execute(STORED).fetchall()
        except sqlite3.OperationalError:  # in use at the moment, or not there yet
            return None

    def online(self):
        """With which resources the contact is, as (show, resources)."""
        told = self.run("gajim-remote", "list_contacts", "echo").decode()
        contacts = ast.literal_eval(told) if told else []
        return [(one["show"], one["resources"]) for one in contacts if one["jid"] == ECHO]

    def open_chat(self):
        self.run("gajim", f"xmpp:{ECHO}?message")
        self.wait_for_window("Start / Join Chat")
        self.settle()
        self.press("Return")
        self.settle()

    def say(self, words):
        self.type(words)
        self.press("Return")


def drive(checks):
    with Gajim("first") as first:
        checks.check("contact online", first.online, [("online", [("echo", "")])])
        first.open_chat()
        first.say(FIRST)
        checks.check("echo shown", first.shown, WRITTEN[:2])
        # The window of the second device reverses the order of what the archive dates alike: an echo
        # that came within the second stands before what it answers. In its database it is right.
        next_second()
        first.say(SECOND)
        checks.check("in order", first.shown, WRITTEN)
        with Gajim("second") as second:
            checks.check("second device by archive", second.stored, WRITTEN)
            first.press("ctrl+Up")
            first.settle()
            first.say(CORRECTION)
            checks.check("both sides corrected", first.shown, CORRECTED)
            checks.check("on the second device by carbons", second.stored, CORRECTED)
            second.open_chat()


report(drive)
