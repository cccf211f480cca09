complete -c echo-component -s j -l jid -d 'The component\'s JID, a domain such as echo.example.com' -r
complete -c echo-component -s s -l server -d 'The XMPP server to connect to: a host name, IPv4 or IPv6 address' -r
complete -c echo-component -s P -l port -d 'The server\'s port for components' -r
complete -c echo-component -s p -l secret -d 'The secret shared with the server. Everyone on this machine can read it with ps: better use --secret-file' -r
complete -c echo-component -l tls-ca -d 'The authorities to trust, a PEM file, instead of the system\'s' -r -F
complete -c echo-component -l secret-file -d 'A file that holds the secret on a line of its own' -r -F
complete -c echo-component -l max-stanza-size -d 'The largest stanza to send, in bytes; an echo over it is bounced. Prosody accepts 524288' -r
complete -c echo-component -l flood-burst -d 'How many messages a sender may have echoed at once; 0 for any number' -r
complete -c echo-component -l flood-rate -d 'How many messages a second a sender may have echoed after that' -r
complete -c echo-component -l name -d 'What service discovery and vCard call the component' -r
complete -c echo-component -l contact -d 'Where its admins can be reached, as a URI such as mailto:admin@example.com or xmpp:admin@example.com (XEP-0157). May be repeated; in the environment separated by blanks' -r
complete -c echo-component -l ping-interval -d 'After how many seconds without a sign of life from the server to ping it; 0 for never' -r
complete -c echo-component -l metrics -d 'Serve Prometheus figures at /metrics, and /healthz, on this address' -r
complete -c echo-component -l tls -d 'Connect with TLS, checking the server\'s certificate against --server'
complete -c echo-component -l check -d 'Connect, authenticate and ping once, say how that went, and exit'
complete -c echo-component -s q -l quiet -d 'Log only what needs attention'
complete -c echo-component -s v -l verbose -d 'Log more: also that something is not answered, and why. RUST_LOG works too'
complete -c echo-component -s h -l help -d 'Print help (see more with \'--help\')'
complete -c echo-component -s V -l version -d 'Print version'
