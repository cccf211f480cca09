-- A Prosody for trying things out: one domain, where anyone can register, and the echo beside it.
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "register", "carbons", "blocklist" }
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
s2s_ports = {}
component_interfaces = { "*" }
log = { info = "*console" }

VirtualHost "localhost"

Component "echo.localhost"
	component_secret = FileLine("/run/secrets/echo-component")
