"""A screen of its own for a program with windows: an X server without a display, a window manager
and a session bus, a folder as home, and a person's hands. Knows no program."""

import os
import subprocess

from chat import OUT, WORK, wait_for


class Desktop:
    """One device: what is started on it shares a screen and a home."""

    def __init__(self, name, width=1000, height=750):
        self.home = os.path.join(WORK, "home", name)
        os.makedirs(self.home, exist_ok=True)
        # GTK 4 draws nothing with OpenGL on such a screen.
        self.env = dict(os.environ, HOME=self.home, LANG="C.UTF-8", GSK_RENDERER="cairo")
        for variable in [name for name in self.env if name.startswith("XDG_")]:
            del self.env[variable]
        self.env["XDG_RUNTIME_DIR"] = self.home
        # A blinking cursor would keep the screen from ever being still.
        for version in "3", "4":
            folder = os.path.join(self.home, f".config/gtk-{version}.0")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, "settings.ini"), "w", encoding="utf-8") as settings:
                settings.write("[Settings]\ngtk-cursor-blink=0\ngtk-enable-animations=0\n")
        self.running = []
        number = self._first_line("Xvfb", "-displayfd", "1", "-screen", "0", f"{width}x{height}x24")
        self.env["DISPLAY"] = f":{number}"
        bus = self._first_line("dbus-daemon", "--session", "--nofork", "--print-address=1")
        self.env["DBUS_SESSION_BUS_ADDRESS"] = bus
        self.start("openbox")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            process.terminate()
        for process in reversed(self.running):
            process.wait()

    def start(self, *command, **options):
        process = subprocess.Popen(command, env=self.env, **{"stdout": 2, **options})
        self.running.append(process)
        return process

    def _first_line(self, *command):
        process = self.start(*command, stdout=subprocess.PIPE, text=True)
        return process.stdout.readline().strip()

    def run(self, *command):
        """What it prints, if it succeeds within its time."""
        done = subprocess.run(
            command, env=self.env, stdout=subprocess.PIPE, text=True, timeout=20, check=False
        )
        return done.stdout if done.returncode == 0 else ""

    def wait_for_window(self, title):
        """Until such a window is there, in front."""
        search = ["xdotool", "search", "--onlyvisible", "--name", title]
        window = wait_for(f"a window {title!r}", lambda: self.run(*search)).split()[-1]
        self.run("xdotool", "windowactivate", "--sync", window)
        return window

    def type(self, text):
        self.run("xdotool", "type", "--delay", "15", text)

    def press(self, *keys):
        self.run("xdotool", "key", "--delay", "30", *keys)

    def settle(self):
        """Until the screen is still: a window has taken up what was typed."""
        def is_still():
            before, self._seen = self._seen, self.run("sh", "-c", "import -window root xwd:- | md5sum")
            return before == self._seen
        self._seen = None
        wait_for("a screen that is still", is_still)

    def picture(self, name):
        self.run("import", "-window", "root", os.path.join(OUT, f"{name}.png"))
