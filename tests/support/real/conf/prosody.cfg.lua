-- Prosody for one test: loopback only, two users, one component, no encryption.
-- @DIR@, @C2S@, @COMPONENT@ and @SECRET@ are filled in by the test.

run_as_root = true -- read only when root runs the tests; without it Prosody refuses

pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@/data"
certificates = "@DIR@"
log = { info = "@DIR@/prosody.log" }

interfaces = { "127.0.0.1" }
c2s_ports = { @C2S@ }
c2s_direct_tls_ports = { }
s2s_ports = { }
component_ports = { @COMPONENT@ }
component_interfaces = { "127.0.0.1" }

-- net_multiplex opens no port unless it is told to.
modules_enabled = { "roster", "saslauth", "disco", "presence", "message", "iq", "net_multiplex" }
modules_disabled = { "s2s", "s2s_auth_certs", "tls", "offline" }

authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true

-- The default, 256 KiB, has no room for 50,000 nested elements: 7 bytes each at least.
c2s_stanza_size_limit = 400 * 1024

VirtualHost "localhost"

Component "echo.localhost"
	component_secret = "@SECRET@"
