"""A screen of its own for a program with windows: an X server without a display, a window manager
and a session bus, a folder as home, and a person's hands. Keeps a picture at the end. Knows no
program."""

import json
import os
import subprocess
import sys

from chat import OUT, wait_for
from home import AS_USER, make_home

# A cursor that blinks would keep the screen from ever being still.
GTK = "[Settings]\ngtk-cursor-blink=0\ngtk-enable-animations=0\n"
FILES = {f".config/gtk-{version}.0/settings.ini": GTK for version in (3, 4)}


class Desktop:
    """One device: what is started on it shares a screen and a home. `log_in` is the program's."""

    def __init__(self, program, device):
        self.device = device
        self.name = os.path.join(program, device)
        self.home = make_home(self.name, FILES)
        # GTK 4 draws nothing with OpenGL on such a screen.
        self.env = dict(
            HOME=self.home,
            XDG_RUNTIME_DIR=self.home,
            PATH=os.environ["PATH"],
            LANG="C.UTF-8",
            GSK_RENDERER="cairo",
        )
        self.running = []
        screen = ["Xvfb", "-displayfd", "1", "-nolock", "-screen", "0", "1000x700x24"]
        self.env["DISPLAY"] = ":" + self._first_line(screen)
        bus = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self._first_line(AS_USER + bus)
        self.start("openbox")

    def __enter__(self):
        try:
            self.log_in()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with open(os.path.join(OUT, f"{self.name}.png"), "wb") as file:
            file.write(self._screen("png:-"))
        for process in reversed(self.running):
            process.terminate()
        for process in reversed(self.running):
            process.wait()

    def _spawn(self, command, **options):
        process = subprocess.Popen(command, env=self.env, **options)
        self.running.append(process)
        return process

    def _first_line(self, command):
        """Starts what says in a line how it is reached."""
        process = self._spawn(command, stdout=subprocess.PIPE, text=True)
        return process.stdout.readline().strip()

    def start(self, *command):
        return self._spawn([*AS_USER, *command], stdout=2)

    def run(self, *command, **options):
        """What it prints, in bytes; nothing if it fails or does not end."""
        options.update(env=self.env, stdout=subprocess.PIPE, timeout=20)
        try:
            return subprocess.run([*AS_USER, *command], check=True, **options).stdout
        except subprocess.CalledProcessError:
            return b""
        except subprocess.TimeoutExpired as error:
            print(error, file=sys.stderr)
            return b""

    def wait_for_window(self, title):
        """Until such a window is there, in front."""
        search = ["xdotool", "search", "--onlyvisible", "--name", title]
        window = wait_for(f"a window {title!r}", lambda: self.run(*search)).split()[-1]
        self.run("xdotool", "windowactivate", "--sync", window)
        return window

    def fill_screen(self, window):
        place = ["windowmove", window, "0", "0", "windowsize", window, "100%", "96%"]
        self.run("xdotool", *place)

    def labels(self):
        """The labels in its windows, from top to bottom."""
        script = os.path.join(os.path.dirname(__file__), "labels.py")
        with open(script, "rb") as file:
            told = self.run("/usr/bin/python3", "-", stdin=file)
        return json.loads(told or "[]")

    def type(self, text):
        self.run("xdotool", "type", "--delay", "15", text)

    def press(self, *keys):
        self.run("xdotool", "key", "--delay", "30", *keys)

    def settle(self):
        """Until the screen is still: a window has taken up what was typed."""
        last = None

        def is_still():
            nonlocal last
            before, last = last, self._screen("xwd:-")
            return before == last

        wait_for("a screen that is still", is_still)

    def _screen(self, form):
        return self.run("import", "-window", "root", form)
