"""Logs alice in with slixmpp, sends a component one message, and checks the echo.

Arguments: the server's client port, the address to write to. Ends with 0, or with the
exception that tells what was wrong.
"""

import asyncio
import logging
import sys

import slixmpp

BODY = "Good morning! \N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}"

port, to = int(sys.argv[1]), sys.argv[2]
logging.basicConfig(level=logging.INFO)


async def chat(client):
    echo = asyncio.get_running_loop().create_future()
    client.add_event_handler("message", echo.set_result)
    client.add_event_handler("failed_auth", echo.set_exception)
    client.add_event_handler(
        "session_start",
        lambda _: client.send_message(mto=to, mbody=BODY, mtype="chat"),
    )
    # The servers have no TLS: users and passwords are only of this test.
    client["feature_mechanisms"].unencrypted_plain = True
    try:
        client.connect(("127.0.0.1", port), disable_starttls=True)
    except TypeError:
        # slixmpp 1.9 has moved these choices.
        client.enable_direct_tls = client.enable_starttls = False
        client.enable_plaintext = True
        client.connect("127.0.0.1", port)
    message = await asyncio.wait_for(echo, 25)
    assert message["type"] == "chat", message
    assert message["from"] == to, message
    assert message["to"] == client.boundjid, message
    assert message["body"] == BODY, message


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(chat(slixmpp.ClientXMPP("alice@localhost", "alicepw")))
