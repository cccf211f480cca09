-- One more port, for components that speak TLS.
ssl_ports = { @TLS@ }
ssl_interfaces = { "127.0.0.1" }
ssl_ssl = { certificate = "@DIR@/server.pem", key = "@DIR@/server.pem" }
