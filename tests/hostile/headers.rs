//! Stream headers of every oddity: with what XML, RFC 6120 §4.7 and XEP-0114 allow the daemon logs in,
//! after anything else it says what is wrong and is back.

use std::io::Write;

use minidom::Element;
use xmpp_parsers::component::Handshake;

use crate::support::scripted::{DIGEST, Daemon, Peer, SECRET, Server};

/// The attributes that no header goes without.
const DECLARED: &str = "xmlns='jabber:component:accept' \
                        xmlns:stream='http://etherx.jabber.org/streams'";

fn header(attributes: &str) -> String {
    format!("<stream:stream {DECLARED}{attributes}>")
}

/// Headers to which the daemon answers with a handshake, and the id they have.
fn taken() -> Vec<(String, String)> {
    let usual = header(" id='42'");
    let streams = "http://etherx.jabber.org/streams";
    let long = "x".repeat(8_000);
    let with_id_42 = [
        format!("<?xml version='1.0'?>{usual}"),
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{usual}"),
        format!("<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n{usual}"),
        format!("<?xml  version = '1.0' ?>\n\t {usual}"),
        usual.replace('\'', "\""),
        usual.replace(' ', " \r\n\t "),
        usual.replace('=', " = "),
        header(" from='echo.example' to='x' id='42' xml:lang='de' version='1.0'"),
        header(" from='another.example' id='42'"),
        header(" from='&#xfc;&amp;' id='&#52;2'"),
        header(" xmlns:db='jabber:server:dialback' xmlns:x='urn:x' id='42'"),
        usual.replace("stream:", "s:").replace(":stream=", ":s="),
        format!("<stream xmlns='{streams}' xmlns:c='jabber:component:accept' id='42'>"),
        usual.clone() + "   \n ",
        usual.clone() + "<stream:features/>",
        usual.clone() + "<x xmlns='urn:x'>of the future</x>",
    ];
    let ids = [
        ("", ""),
        (" ", " "),
        ("&lt;&gt;&quot;&apos;&amp;", "<>\"'&"),
        ("\u{fc}\u{1f600}", "\u{fc}\u{1f600}"),
        (&long, &long),
    ];
    let with_id_42 = with_id_42.into_iter().map(|header| (header, "42".to_owned()));
    let others = ids.into_iter().map(|(id, is)| (header(&format!(" id='{id}'")), is.to_owned()));
    with_id_42.chain(others).collect()
}

/// Headers with which there is no login, and what the log says.
fn refused() -> Vec<(Vec<u8>, &'static str)> {
    let usual = header(" id='42'");
    let unfit = [
        // tokio-xmpp's rule: the schema of RFC 6120 would allow the second.
        header(" id='42' future='1'"),
        header(" xmlns:x='urn:x' x:future='1' id='42'"),
        header(" id='42' id='43'"),
        header(&format!(" id='{}'", "x".repeat(9_000))),
        header(&format!(" id='42' {}='1'", "x".repeat(9_000))),
        header(&format!(" id='42' {}='1'", "x".repeat(8_000))),
        usual.replace("='42'", "=42"),
        usual.replace("='42'", ""),
        usual.replace("42", "<"),
        usual.replace("42", "&undefined;"),
        usual.replace("42", "&#0;"),
        usual.replace("42", "\u{1}"),
        usual.replace(" id", "id"),
        usual.replace("etherx", "ethery"),
        usual.replace("<stream:stream", "<stream:other"),
        usual.replace("<stream:stream", "<undeclared:stream"),
        usual.replace("<stream:stream", "<stream"),
        usual.replace("<stream:stream", "< stream:stream"),
        format!("text{usual}"),
        format!("</stream:stream>{usual}"),
        format!("<!-- comment -->{usual}"),
        format!("<?instruction?>{usual}"),
        format!("<!DOCTYPE stream:stream>{usual}"),
        format!("<!DOCTYPE x [<!ENTITY e '42'>]>{}", usual.replace("42", "&e;")),
        format!("<?xml version='1.1'?>{usual}"),
        format!("<?xml version='1.0' encoding='latin1'?>{usual}"),
        format!("<?xml version='1.0'?><?xml version='1.0'?>{usual}"),
        format!("\n<?xml version='1.0'?>{usual}"),
        format!("\u{feff}{usual}"),
        "\0\0\0\0".into(),
    ];
    let mut refused: Vec<_> =
        unfit.into_iter().map(|header| (header.into_bytes(), "is no component stream")).collect();
    refused.push((b"<stream:stream id='\xff\xfe'".to_vec(), "is no component stream"));
    refused
        .push((usual.encode_utf16().flat_map(u16::to_be_bytes).collect(), "no component stream"));
    for (header, said) in [
        (header(""), "has no id"),
        (usual.replace("component:accept", "client"), "XMPP clients"),
        (usual.replace("component:accept", "server"), "other XMPP servers"),
        (usual.replace('>', "/>"), "closed"),
        (usual.clone() + "</stream:stream>", "closed"),
        (usual[..30].to_owned(), "closed"),
        (format!("<![CDATA[]]>{usual}"), "closed"),
        (format!("<?xml version='1.0'{}", " ".repeat(100_000)), "more than 16384 bytes"),
        (String::new(), "closed"),
    ] {
        refused.push((header.into_bytes(), said));
    }
    refused
}

/// The next connection, once the daemon has begun its stream.
fn accept(server: &Server) -> Peer {
    let mut peer = server.accept();
    peer.until("'>");
    peer
}

#[test]
fn a_header_that_standards_allow_is_answered_with_the_digest_of_its_id() {
    for (header, id) in taken() {
        let server = Server::start();
        let _daemon = Daemon::start(&server);
        let mut peer = accept(&server);
        peer.send(&header);
        let digest = Element::from(Handshake::from_stream_id_and_password(id, SECRET)).text();
        let said = peer.until("</handshake>");
        assert!(said.ends_with(&format!(">{digest}</handshake>")), "{header}: {said}");
        let in_default = header.starts_with("<stream xmlns='http:");
        peer.send(if in_default { "<c:handshake/>" } else { "<handshake/>" });
        peer.echoes(&digest);
    }
}

#[test]
fn a_header_that_comes_byte_by_byte_is_answered() {
    let server = Server::start();
    let _daemon = Daemon::start(&server);
    let mut peer = accept(&server);
    for byte in format!("<?xml version='1.0'?>{}", header(" id='42'")).bytes() {
        peer.send_bytes(&[byte]);
    }
    peer.until(&format!(">{DIGEST}</handshake>"));
    peer.send("<handshake/>");
    peer.echoes("x");
}

#[test]
fn any_other_header_is_named_in_one_line_and_the_next_login_works() {
    for (header, said) in refused() {
        let server = Server::start();
        let mut daemon = Daemon::start(&server);
        let peer = accept(&server);
        // The daemon may have hung up before it is all sent.
        let _ = peer.connection().write_all(&header);
        peer.close();
        let line = daemon.logs("offline");
        assert!(line.contains(said) && line.len() < 600, "{}: {line}", header.escape_ascii());
        server.online().echoes("x");
    }
}
