-- Prosody as one of two servers that talk to each other, for one test: a host with two users, and a
-- component below it. Certificates are checked, as Debian's own configuration has it.
-- @DIR@, @C2S@, @COMPONENT@, @SECRET@, @DOMAIN@ and @ADDRESS@ are filled in by the test.

run_as_root = true -- read only when root runs the tests; without it Prosody refuses

pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@/data"
certificates = "@DIR@/certs"
log = { debug = "@DIR@/prosody.log" } -- what became of a connection is told from here on

interfaces = { "127.0.0.1" }
c2s_ports = { @C2S@ }
c2s_direct_tls_ports = { }
component_ports = { @COMPONENT@ }
component_interfaces = { "127.0.0.1" }
s2s_ports = { 5269 }
s2s_interfaces = { "@ADDRESS@" }
s2s_secure_auth = true

modules_enabled = { "roster", "saslauth", "disco", "tls", "dialback" }

authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true

ssl = { cafile = "@DIR@/authority.pem" }

VirtualHost "@DOMAIN@"

Component "echo.@DOMAIN@"
	component_secret = "@SECRET@"
