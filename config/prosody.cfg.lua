-- For Prosody: save as /etc/prosody/conf.d/echo.cfg.lua, readable by root and Prosody alone
-- (install -m 0640 -g prosody), since it has a secret in it. Then
-- prosodyctl check config && systemctl restart prosody
-- as a reload does not add components.

-- A domain of its own, not one of a VirtualHost. The secret is the one in
-- /etc/echo-component/echo-component.secret. Prosody 13 can read it from a file that Prosody may read:
-- component_secret = FileLine("/path")
Component "echo.example.com"
	component_secret = "change me"

-- Components connect to port 5347 of this machine. For a daemon on another machine set
-- these in prosody.cfg.lua, above the first VirtualHost:
--component_interfaces = { "192.0.2.1" }
--component_ports = { 5347 }
