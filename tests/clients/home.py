"""A device's home: a folder with the settings of a program, of a user that is not root, since Gajim
and poezio refuse to be run by root. Knows no program."""

import os
import shutil

from chat import WORK

AS_USER = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


def make_home(name, files):
    """Makes it, with these files in it."""
    home = os.path.join(WORK, "home", name)
    for path, text in files.items():
        path = os.path.join(home, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    os.makedirs(home, exist_ok=True)
    for folder, _, names in os.walk(home):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            shutil.chown(path, "nobody", "nogroup")
    return home
