//! Types of message: errors are never answered, all others are.

use super::case::Outcome::{Echo, Silence};
use super::case::{BOT, Case, U, echo, message};

pub fn cases() -> Vec<Case> {
    let mut cases = vec![];
    for kind in [
        "",
        "normal",
        "chat",
        "groupchat",
        "headline",
        "Error",
        "ERROR",
        "errors",
        "err",
        " error",
        "error ",
        "err or",
        "error&#32;",
        "\u{435}rror",
        "error\u{200b}",
        "get",
        "subscribe",
        "\u{1f600}",
        "&lt;error/&gt;",
    ] {
        let kind = format!(" type='{kind}'");
        cases.push(Case::echoed(&kind, "<body>x</body>"));
        cases.push(Case::echoed(&kind, "<error type='cancel'/>"));
    }
    cases.push(Case::echoed(" xmlns:p='u' p:type='error'", ""));
    cases.push(Case::echoed(" Type='error'", ""));
    for kind in
        ["'error'", "\"error\"", "'&#101;rror'", "'&#x65;&#x72;&#x72;&#x6f;&#x72;'", "\n'error'"]
    {
        for payload in ["", "<body>x</body>", "<p:a/>", "&nbsp;", "\u{1}", "<error/>"] {
            let input = message(&format!(" type={kind}"), payload);
            cases.push(Case::new(input, Silence));
        }
        for from in [BOT, "echo.example", ""] {
            let input = format!("<message type={kind} from='{from}' to='{BOT}'/>");
            cases.push(Case::new(input, Silence));
        }
        cases.push(Case::new(format!("<message type={kind} from='{U}'/>"), Silence));
        cases.push(Case::new(format!("<message type={kind}/>"), Silence));
    }
    // Payloads that other software trips over.
    for payload in [
        "<delay xmlns='urn:xmpp:delay'/>",
        "<delay xmlns='urn:xmpp:delay' stamp='never'/>",
        "<body xml:lang=''>a</body><body>b</body>",
        "<thread parent=''/><thread/>",
        "<error/>",
        "<error type='foo'><foo xmlns='urn:x'/></error>",
        "<x xmlns='jabber:x:data' type='form'><field/></x>",
        "<request xmlns='urn:xmpp:receipts'/>",
        "<received xmlns='urn:xmpp:receipts' id='1'/>",
        "<forwarded xmlns='urn:xmpp:forward:0'><message type='error'/></forwarded>",
        "<html xmlns='http://jabber.org/protocol/xhtml-im'><body><script/></body></html>",
        "<encrypted xmlns='eu.siacs.conversations.axolotl'/>",
    ] {
        cases.push(Case::echoed(" type='chat'", payload));
    }
    let (inputs, echoes): (String, String) = (0..500)
        .map(|n| (message(&format!(" id='{n}'"), "x"), echo(&format!(" id='{n}'"), "x")))
        .unzip();
    cases.push(Case::new(inputs, Echo(echoes)));
    cases
}
