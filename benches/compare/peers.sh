# Builds the peers that are not Rust. Sourced by the run scripts, which set `build`, the folder where
# all of it goes; `$build/peers` then has an executable for each, and the file `versions`.

sources=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/peers
peers=$build/peers

# Notes a peer's version for the table.
version() {
    echo "$1 ${*:2}" >>"$peers/versions"
}

# The packages of Debian's that a peer needs, but for those whose programs are there by other ways.
packages_of() {
    case $1 in
    gloox) echo g++ libgloox-dev ;;
    go) command -v go >/dev/null || echo golang-go ;;
    xmppjs) command -v npm >/dev/null || echo nodejs npm ;;
    slixmpp) python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv ;;
    esac
}

build_xmppjs() {
    echo "installing with npm: @xmpp/component"
    mkdir -p "$build/xmppjs"
    npm install --loglevel=error --no-audit --no-fund --prefix "$build/xmppjs" @xmpp/component@0.13.1
    install -m 755 "$sources/xmppjs.js" "$build/xmppjs/echo.js"
    ln -sf "$build/xmppjs/echo.js" "$peers/xmppjs"
    version xmppjs 0.13.1, Node "$(node --version)"
}

build_slixmpp() {
    echo "installing with pip: slixmpp"
    [ -x "$build/venv/bin/pip" ] || python3 -m venv "$build/venv"
    "$build/venv/bin/pip" install --quiet --disable-pip-version-check slixmpp==1.17.0
    sed "1s|.*|#!$build/venv/bin/python|" "$sources/slixmpp_echo.py" >"$peers/slixmpp"
    chmod +x "$peers/slixmpp"
    version slixmpp 1.17.0, "$("$build/venv/bin/python" --version)"
}

build_gloox() {
    echo "building with c++: gloox"
    c++ -O2 -o "$peers/gloox" "$sources/gloox.cpp" -lgloox
    version gloox "$(dpkg-query -f '${Version}' -W libgloox-dev)"
}

build_go() {
    echo "building with go: go"
    go build -o "$peers/go" "$sources/encoding_xml.go"
    version go "$(go env GOVERSION)"
}
