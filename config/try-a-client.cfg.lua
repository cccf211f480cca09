-- A Prosody for trying a real client against the echo, as an ordinary user, on this machine alone:
--     prosody --config config/try-a-client.cfg.lua -F
--     ECHO_COMPONENT_SECRET=try echo-component --jid echo.localhost --server localhost
-- Log in as any user, alice@localhost say, with any password, and write to echo.localhost. There is no TLS:
-- allow a connection without encryption. In profanity:
--     /connect alice@localhost server 127.0.0.1 tls disable
--     /msg echo.localhost hello
-- Nothing is kept: accounts, contacts and archive are in memory.
modules_enabled = { "roster", "saslauth", "disco", "carbons", "mam", "pep", "blocklist", "websocket" }
modules_disabled = { "s2s", "tls", "posix" }
interfaces = { "127.0.0.1" }
storage = "memory"
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
consider_websocket_secure = true -- for programs in a browser: ws://localhost:5280/xmpp-websocket
log = { info = "*console" }
VirtualHost "localhost"
Component "echo.localhost"
	component_secret = "try"
