-- A server as people have it: TLS, an archive, carbons, PEP, and a web client's websocket. What is
-- between @ is filled in by tests/clients/inside. It has a network of its own, so its ports are the usual ones.

run_as_root = true -- read only when root runs it; without it Prosody refuses

pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@/data"
admin_socket = "@DIR@/prosody.sock"
log = { debug = "@LOG@" }

interfaces = { "127.0.0.1" }
component_interfaces = { "127.0.0.1" }
http_interfaces = { "127.0.0.1" }
https_ports = { }

ssl = { certificate = "@DIR@/localhost.crt", key = "@DIR@/localhost.key" }
authentication = "internal_plain"
modules_enabled = {
	"roster", "saslauth", "tls", "disco", "presence", "message", "iq", "ping",
	"mam", "carbons", "pep", "smacks", "csi_simple",
	"vcard4", "vcard_legacy", "blocklist", "bookmarks", "private",
	"websocket", "http_files", "stanza_debug",
}
modules_disabled = { "s2s", "s2s_auth_certs", "offline" }
default_archive_policy = true

-- The page of converse.js comes over HTTP from this machine, and so does its websocket.
http_host = "localhost"
http_files_dir = "@DIR@/www"
consider_websocket_secure = true

VirtualHost "localhost"

Component "echo.localhost"
	component_secret = "@SECRET@"
