#!/usr/bin/env python3
"""An echo on slixmpp. Arguments: HOST PORT JID SECRET"""

import asyncio
import sys

import slixmpp


class Echo(slixmpp.ComponentXMPP):
    def __init__(self, host, port, jid, secret):
        super().__init__(jid, secret, host, int(port))
        self.add_event_handler("message", self.echo)

    def echo(self, message):
        if message["type"] == "error":
            return
        reply = self.make_message(
            mto=message["from"],
            mfrom=message["to"],
            mbody=message["body"],
            mtype=message["type"],
        )
        reply["id"] = message["id"]
        reply.send()


async def main():
    if len(sys.argv) != 5:
        sys.exit("usage: slixmpp_echo.py HOST PORT JID SECRET")
    component = Echo(*sys.argv[1:])
    component.connect()
    await component.disconnected


asyncio.run(main())
