complete -c echo-component -s j -l jid -d 'The component\'s JID, a domain such as echo.example.com' -r -f
complete -c echo-component -s s -l server -d 'The XMPP server to connect to: a host name, IPv4 or IPv6 address' -r -f -a "(__fish_print_hostnames)"
complete -c echo-component -s P -l port -d 'The server\'s port for components' -r -f
complete -c echo-component -l ping-interval -d 'Ping the server after so many seconds without a sign of life from it; 0 = never' -r -f
complete -c echo-component -l secret-file -d 'File containing only the secret that is shared with the server' -r -F
complete -c echo-component -s p -l secret -d 'The secret itself. Visible to every local user in `ps`; prefer --secret-file' -r -f
complete -c echo-component -l tls-ca -d 'The authorities to trust, a PEM file, instead of the system\'s' -r -F
complete -c echo-component -l max-stanza-size -d 'The largest stanza to send; an echo over it is bounced. Prosody accepts 524288' -r -f
complete -c echo-component -l flood-burst -d 'Units one sender (bare JID) may use in a burst: an echo takes 1 per 2 KiB begun, a presence or IQ request 5 times that; 0 = no limit' -r -f
complete -c echo-component -l flood-rate -d 'Units that each sender gets back per second' -r -f
complete -c echo-component -l name -d 'What service discovery and vCard call the component' -r -f
complete -c echo-component -l contact -d 'Where its admins can be reached, as a URI such as mailto:admin@example.com or xmpp:admin@example.com (XEP-0157). May be repeated; in the variable separated by blanks' -r -f
complete -c echo-component -l metrics -d 'Serve Prometheus metrics at /metrics, and /livez, /readyz and /healthz, on this IP address and port, such as 127.0.0.1:9469' -r -f
complete -c echo-component -l log-format -d 'How log lines look: text, or json, which is an object a line' -r -f -a "text\t'A line to read'
json\t'A JSON object a line'"
complete -c echo-component -l print -d 'Print the man page (man), or the completions for bash, zsh or fish, and exit' -r -f -a "man\t'echo-component(1), for man'
bash\t'Completions for bash'
zsh\t'Completions for zsh'
fish\t'Completions for fish'"
complete -c echo-component -l tls -d 'Connect with TLS from the first byte, checking the server\'s certificate against --server'
complete -c echo-component -l keep-ids -d 'Keep ids in echoes as they were, for programs that match answers by id. Chat programs then hide the echo'
complete -c echo-component -s q -l quiet -d 'Log only what needs attention'
complete -c echo-component -s v -l verbose -d 'Log more: also each stanza that gets no echo, with the reason; -vv: each echo too (RUST_LOG is honoured if neither -q nor -v is given)'
complete -c echo-component -l check -d 'Log in, ping once, print one line with the result, and exit'
complete -c echo-component -l healthy -d 'Ask the daemon that runs with these settings, at its --metrics address, whether it is online, and exit'
complete -c echo-component -s h -l help -d 'Print this help (-h: in short)'
complete -c echo-component -s V -l version -d 'Print version and commit'
