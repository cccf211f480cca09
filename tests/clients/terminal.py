"""A terminal of its own for a program without windows, by tmux: a folder as home, and a person's
hands. Keeps its text at the end. Knows no program."""

import os
import subprocess

from chat import OUT
from home import AS_USER, make_home


class Terminal:
    """One device, on which one program runs, and logs in as its `log_in` says."""

    def __init__(self, program, device, files):
        self.device = device
        self.name = os.path.join(program, device)
        home = make_home(self.name, files)
        self.socket = os.path.join(home, "tmux")
        path = os.environ["PATH"]
        self.env = {"HOME": home, "LANG": "C.UTF-8", "PATH": path, "TERM": "screen-256color"}
        self._tmux("new-session", "-d", "-x", "110", "-y", "36", *AS_USER, program)

    def __enter__(self):
        try:
            self.log_in()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with open(os.path.join(OUT, f"{self.name}.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines()) + "\n")
        self._tmux("kill-server")

    def _tmux(self, *arguments):
        command = ["tmux", "-S", self.socket, "-f", "/dev/null", *arguments]
        return subprocess.run(
            command, env=self.env, stdout=subprocess.PIPE, text=True, timeout=20, check=False
        ).stdout

    def enter(self, line):
        self.press("-l", line)
        self.press("Enter")

    def press(self, *keys):
        self._tmux("send-keys", *keys)

    def lines(self):
        """What it shows."""
        return [line.rstrip() for line in self._tmux("capture-pane", "-p").splitlines()]

    def says(self, words):
        return any(words in line for line in self.lines())
