"""Prints the labels of all windows on this desktop in their order, as JSON: what a screen reader
gets to read."""

import json

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402


def walk(widget, labels):
    try:
        if widget.get_role() == Atspi.Role.LABEL:
            labels.append(widget.get_name())
        for index in range(widget.get_child_count()):
            walk(widget.get_child_at_index(index), labels)
    except (AttributeError, GLib.Error):  # it is gone
        pass
    return labels


Atspi.init()
print(json.dumps(walk(Atspi.get_desktop(0), [])))
