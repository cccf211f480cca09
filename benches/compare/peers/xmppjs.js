#!/usr/bin/env node
// An echo on @xmpp/component. Arguments: HOST PORT JID SECRET

const { component, xml } = require("@xmpp/component");

const [host, port, domain, password] = process.argv.slice(2);
if (!password) {
  console.error("usage: xmppjs HOST PORT JID SECRET");
  process.exit(64);
}

const xmpp = component({ service: `xmpp://${host}:${port}`, domain, password });

xmpp.on("error", (error) => console.error(error.message));
xmpp.on("stanza", (stanza) => {
  if (!stanza.is("message") || stanza.attrs.type === "error") return;
  const { from, to, type, id } = stanza.attrs;
  const body = xml("body", {}, stanza.getChildText("body"));
  xmpp.send(xml("message", { from: to, to: from, type, id }, body));
});
xmpp.start().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
