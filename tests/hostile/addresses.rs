//! Senders and recipients of every form.

use super::case::Outcome::{Bounce, Echo, Silence};
use super::case::{BOT, Case, U};

pub fn cases() -> Vec<Case> {
    let mut cases = senders();
    cases.extend(recipients());
    cases.extend(attributes());
    cases
}

fn pair(from: &str, to: &str) -> (String, String) {
    let stanza = |from: &str, to: &str| format!("<message from='{from}' to='{to}'>x</message>");
    (stanza(from, to), stanza(to, from))
}

fn echoed(from: &str, to: &str) -> Case {
    let (input, answer) = pair(from, to);
    Case::new(input, Echo(answer))
}

/// What a server vouches for as a sender is answered, JID or not.
fn senders() -> Vec<Case> {
    let mut cases = vec![];
    let label = "l".repeat(63);
    let long = "p".repeat(1_023);
    let longest = "q".repeat(60_000);
    for from in [
        "",
        " ",
        "@",
        "/",
        "@/",
        "a@",
        "@a",
        "a@/",
        "x/",
        "x//",
        "/a",
        "a@b@c",
        "a@b/c@d/e",
        ".",
        "..",
        "a..b",
        "-a-",
        "a_b",
        "x.",
        "127.0.0.1",
        "u@[::1]/r",
        "[2001:db8::1]",
        "u@x:5222",
        "u@x\u{3002}y",
        "U@X",
        "u%40x@y",
        "u\\40x@y",
        "\u{1f600}@x",
        "u@\u{1f600}",
        "u@x/\u{1f469}\u{200d}\u{1f467}",
        "u@x/\u{202e}abc",
        "e\u{301}@x",
        "\u{ff55}@x",
        "\u{df}@x",
        "xn--a@x",
        "u@xn--",
        "u@x/ ",
        "u@x/&#10;",
        "u@x/&lt;a&gt;",
        "&quot;&amp;&apos;@x",
        "u@x/&#0013;",
        "evilecho.example",
        "echo.example.evil",
        "sub.echo.example",
        "u@echo.examples",
        "echo.example@x",
        "x/echo.example",
        "x/a@echo.example",
        &format!("{long}@{label}.{label}.{label}/{long}"),
        &format!("u@x/{longest}"),
        &longest,
    ] {
        cases.push(echoed(from, BOT));
    }
    for from in [
        "echo.example",
        "ECHO.EXAMPLE",
        "a@echo.example",
        "echo.example/r",
        "a@Echo.Example/r/s@t",
        "&#x65;cho.example",
        "a&#64;echo.example",
        "echo.example.",
        "@echo.example",
        "echo.example/",
        "a@echo.example/\u{1f600}",
    ] {
        cases.push(Case::new(pair(from, BOT).0, Silence));
    }
    // No XML has such an address, so that there is no one to bounce to.
    for from in ["&#0;", "&nbsp;", "a\u{1}@x", "\u{fffe}", "u@x/&#xFFFF;"] {
        cases.push(Case::new(pair(from, BOT).0, Silence));
        cases.push(Case::new(pair(U, from).0, Silence));
    }
    cases
}

/// We speak for our own domain alone, and only from addresses that are some.
fn recipients() -> Vec<Case> {
    let long = "p".repeat(1_023);
    let mut cases = vec![];
    for to in [
        "echo.example",
        "Echo.Example",
        "ECHO.EXAMPLE/r",
        "a@echo.example",
        "A@echo.example/R",
        "a@echo.example/b@c/d",
        "echo.example/@",
        "a@echo.example/ ",
        "\u{1f600}@echo.example",
        "a@echo.example/\u{202e}\u{200d}",
        "&#x65;cho.example",
        "a&#64;echo.example&#47;r",
        "&quot;@echo.example",
        "a@echo.example/&lt;&amp;&gt;",
        "xn--@echo.example",
        &format!("{long}@echo.example/{long}"),
    ] {
        cases.push(echoed(U, to));
    }
    for to in [
        "",
        " ",
        "@",
        "/",
        "@echo.example",
        "@echo.example/r",
        "echo.example/",
        "a@echo.example/",
        "a@",
        "other.example",
        "a@other.example",
        "echo.example.evil",
        "evilecho.example",
        "sub.echo.example",
        "echo.example@evil",
        "evil/echo.example",
        "evil/a@echo.example",
        "a@b@echo.example",
        "echo",
        "echo.exampl\u{e9}",
        "echo.example:5347",
        " echo.example",
        "echo.example ",
        "echo..example",
        "[echo.example]",
        U,
    ] {
        cases.push(Case::new(pair(U, to).0, Silence));
    }
    cases
}

fn attributes() -> Vec<Case> {
    let reply = format!("<message to='{U}' from='echo.example'/>");
    vec![
        Case::new(format!("<message from='{U}'/>"), Echo(reply)),
        Case::new("<message/>", Silence),
        Case::new(format!("<message to='{BOT}'/>"), Silence),
        Case::new(format!("<message From='{U}' to='{BOT}'/>"), Silence),
        Case::new(format!("<message xmlns:p='u' p:from='{U}' to='{BOT}'/>"), Silence),
        Case::new(
            format!("<message xmlns:p='u' p:to='a@other.example' from='{U}'/>"),
            Echo(format!(
                "<message xmlns:p='u' p:to='a@other.example' to='{U}' from='echo.example'/>"
            )),
        ),
        Case::new(format!("<message p:to='x' from='{U}' to='{BOT}'/>"), Bounce("not-acceptable")),
        Case::new(
            format!("<message\tto=\"{BOT}\"\r\nfrom=\n'{U}'\t/>"),
            Echo(format!("<message\tto='{U}'\r\nfrom=\n\"{BOT}\"\t/>")),
        ),
    ]
}
