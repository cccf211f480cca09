//! Names, attributes, ids, text, numbers, depths and stanzas of every size, and what amplifies.

use echo_component::xml::error::Fault::PolicyViolation;

use super::case::Outcome::{Answer, Bounce, Echo, Ends, Silence};
use super::case::{BOT, Case, U, echo, message};
use crate::support::{LIMIT, tags};

/// The most that is collected of a request.
const COLLECTED: usize = 10_000;

/// The longest token that is waited for between stanzas.
const TOKEN: usize = 8 << 20;

pub fn cases() -> Vec<Case> {
    let mut cases = lengths();
    cases.extend(numbers());
    cases.extend(depths());
    cases.extend(stanzas());
    cases.extend(others());
    cases.extend(amplified());
    cases.extend(products());
    cases
}

/// A message that is echoed, unless a tag of it is so long that the blanks which have to follow it take
/// the echo over the limit.
fn echoed(attributes: &str, payload: &str) -> Case {
    let echo = echo(attributes, payload);
    let wanted = tags(echo.as_bytes()).iter().map(|(start, end)| 2 * end - start).max();
    if wanted <= Some(LIMIT) {
        Case::echoed(attributes, payload)
    } else {
        Case::message(attributes, payload, Bounce("policy-violation"))
    }
}

/// What is long, and used many times; and what is long, and not the same in any two messages.
fn products() -> Vec<Case> {
    let long = "u".repeat(200_000);
    let attributes = (0..15_000).map(|n| format!(" p:a{n}=''")).collect::<Vec<_>>().concat();
    let pairs = "<b p:x='' q:x=''/>".repeat(10_000);
    let few = "<b p:a='' p:b='' p:c='' p:d='' p:e='' p:f='' p:g=''/>".repeat(4_000);
    let mut cases = vec![
        echoed("", &format!("<a xmlns:p='{long}'{attributes}/>")),
        echoed("", &format!("<a xmlns:p='{long}'><b{attributes}/></a>")),
        echoed("", &format!("<a xmlns:p='v{long}' xmlns:q='w'>{few}</a>")),
        echoed("", &format!("<a xmlns:p='{}v' xmlns:q='{0}w'>{pairs}</a>", &long[..99_999])),
    ];
    for n in 0..256 {
        let (prefix, namespace) = ("p".repeat(130_000), "u".repeat(65_000));
        cases.push(echoed("", &format!("<x xmlns:{prefix}{n}='u'/>")));
        cases.push(echoed("", &format!("<x xmlns:p='{n}{namespace}'/>")));
    }
    cases
}

/// One thing of each length, in a message that fits and in one that does not.
fn lengths() -> Vec<Case> {
    let mut cases = vec![];
    for length in [1, 255, 1_023, 8_193, 65_537, 200_000] {
        let long = "n".repeat(length);
        for (attributes, payload) in [
            (String::new(), format!("<{long}></{long}>")),
            (String::new(), format!("<{long}/>")),
            (String::new(), format!("<a {long}='1'/>")),
            (String::new(), format!("<a b='{long}'/>")),
            (String::new(), format!("<a xmlns='{long}'/>")),
            (String::new(), format!("<a xmlns:p='{long}' p:b='1'/>")),
            (String::new(), format!("<{long}:a xmlns:{long}='u'/>")),
            (String::new(), format!("<a b='1'{}/>", " ".repeat(length))),
            (String::new(), format!("<a></a{}>", "\n".repeat(length))),
            (String::new(), format!("<![CDATA[{long}]]>")),
            (format!(" id='{long}'"), String::new()),
            (format!(" {long}='1'"), String::new()),
            (format!(" type='{long}'"), String::new()),
        ] {
            cases.push(echoed(&attributes, &payload));
        }
    }
    for length in [LIMIT, 3 * LIMIT] {
        let long = "n".repeat(length);
        for payload in [
            format!("<a {long}='1'/>"),
            format!("<a b='{long}'/>"),
            format!("<a xmlns:p='{long}'/>"),
            format!("<{long}/>"),
            format!("<![CDATA[{long}]]>"),
            long.clone(),
        ] {
            cases.push(Case::message("", &payload, Bounce("policy-violation")));
        }
        for name in ["id", "type", "a"] {
            let attribute = format!(" {name}='{long}'");
            cases.push(Case::message(&attribute, "<b/>", Silence));
        }
    }
    cases
}

/// Many of each, all of which fit.
fn numbers() -> Vec<Case> {
    let mut cases = vec![];
    let all = |count: usize, one: fn(usize) -> String| (0..count).map(one).collect::<String>();
    for count in [12, 13, 257, 4_000, 20_000] {
        let attributes = all(count, |n| format!(" b{n}=''"));
        let prefixes = all(count, |n| format!(" xmlns:p{n}='u'"));
        let used = all(count.min(9_000), |n| format!(" xmlns:q{n}='u{n}' q{n}:b=''"));
        for payload in [
            format!("<a{attributes}/>"),
            format!("<a{prefixes}/>"),
            format!("<a{used}/>"),
            "<a/>".repeat(count),
            "<a>b</a>".repeat(count),
            "<![CDATA[]]>".repeat(count),
        ] {
            cases.push(echoed("", &payload));
        }
        cases.push(echoed(&attributes, ""));
        cases.push(echoed(&prefixes, "<p0:a/>"));
    }
    // Start tags far over the limit, whose attributes must not be listed to find that out.
    for one in [" xmlns:p{}='u'", " b{}=''"] {
        let many = (0..450_000).map(|n| one.replace("{}", &n.to_string())).collect::<String>();
        cases.push(Case::message(&many, "", Silence));
        cases.push(Case::message("", &format!("<a{many}/>"), Bounce("policy-violation")));
    }
    cases
}

fn depths() -> Vec<Case> {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let (start, end) = (format!("<message from='{U}' to='{BOT}'>"), "</message>");
    let deep = |name: &str, start: &str, depth: usize, end: &str, outcome| {
        let (down, up) = (("<a>", depth), ("</a>", depth));
        Case::runs(&format!("{name} {depth} deep"), &[(start, 1), down, up, (end, 1)], outcome)
    };
    let get = format!("<iq type='get' id='1' from='{U}' to='{BOT}'>");
    let subscribe = format!("<presence type='subscribe' from='{U}' to='{BOT}'>");
    let error = format!("<message type='error' from='{U}' to='{BOT}'>");
    let too_large = Answer(&["iq error policy-violation"]);
    let mut cases = vec![
        deep("message", &start, 80_000, end, Bounce("policy-violation")),
        deep("message", &start, 200_000, end, Bounce("policy-violation")),
        deep("error", &error, 200_000, end, Silence),
        deep("iq", &get, 63, "</iq>", Answer(&["iq error service-unavailable"])),
        deep("iq", &get, 64, "</iq>", too_large.clone()),
        deep("iq", &get, 200_000, "</iq>", too_large),
        deep("presence", &subscribe, 200_000, "</presence>", SUBSCRIBED),
        deep("unknown element", "<x>", 200_000, "</x>", Silence),
    ];
    for (name, start, end, outcome) in [
        ("message", &start, end, Bounce("policy-violation")),
        ("error", &error, end, Silence),
        ("iq", &get, "</iq>", Answer(&["iq error policy-violation"])),
    ] {
        cases.push(deep(name, start, 3_000_000, end, outcome));
    }
    for depth in [1, 64, 65, 1_000, 20_000, 70_000] {
        cases.push(Case::echoed("", &nested(depth)));
    }
    cases
}

const SUBSCRIBED: super::case::Outcome = Answer(&["presence subscribed", "presence"]);

/// Stanzas from just under the limit to a hundred times over it.
fn stanzas() -> Vec<Case> {
    let room = LIMIT - message("", "").len();
    let (start, end) = (format!("<message from='{U}' to='{BOT}'>"), "</message>");
    let mut cases = vec![];
    for less in 0..12 {
        let payload = "x".repeat(room - less);
        cases.push(Case::echoed("", &payload));
        let over = "x".repeat(room + 1 + less);
        cases.push(Case::message("", &over, Bounce("policy-violation")));
    }
    for times in [2, 10, 100] {
        let units = ["<a b='cccccccccccccccccccc'>dddddddddddddddddddd</a>", "a&lt;<![CDATA[b]]>"];
        for unit in units.into_iter().take(if times == 100 { 1 } else { 2 }) {
            let count = times * LIMIT / unit.len();
            let runs = [(&*start, 1), (unit, count), (end, 1)];
            let name = format!("{times} times the limit of {unit}");
            cases.push(Case::runs(&name, &runs, Bounce("policy-violation")));
        }
    }
    cases.extend(tokens());
    cases
}

/// Tokens that are not waited for, nor kept.
fn tokens() -> Vec<Case> {
    let (message, end) = (format!("<message from='{U}' to='{BOT}'"), "</message>");
    let get = format!("<iq type='get' id='1' from='{U}' to='{BOT}'");
    let subscribe = format!("<presence type='subscribe' from='{U}' to='{BOT}'");
    let too_large = Bounce("policy-violation");
    // What Prosody makes of `<x p:a='' p:a='' …/>`, where `p` is a long namespace.
    let attribute = format!(" xmlns:p='{}' p:a=''", "u".repeat(4_000));
    let mut cases = vec![];
    for (what, runs, outcome) in [
        ("text", [(">", 1), ("x", TOKEN), ("y", TOKEN)], too_large.clone()),
        ("a value", [("><a b='", 1), (">", 2 * TOKEN), ("'/>", 1)], too_large.clone()),
        ("CDATA", [("><![CDATA[", 1), ("]", 2 * TOKEN), ("]>", 1)], too_large.clone()),
        ("attributes", [("><a", 1), (&attribute, 5_000), ("/>", 1)], too_large.clone()),
        ("attributes", [("><a", 1), (&attribute, 5_000), ("></a>", 1)], too_large.clone()),
        ("its attributes", [("", 1), (&attribute, 5_000), (">", 1)], Silence),
        ("an end tag", [("><a></a", 1), ("\n", 2 * TOKEN), (">", 1)], too_large.clone()),
        ("a name", [("><", 1), ("x", 2 * TOKEN), ("/>", 1)], too_large.clone()),
    ] {
        let runs = [&[(&*message, 1)][..], &runs, &[(end, 1)]].concat();
        cases.push(Case::runs(&format!("a message with too much of {what}"), &runs, outcome));
    }
    for (name, start, end, outcome) in [
        ("iq", &get, "</iq>", Answer(&["iq error policy-violation"])),
        ("presence", &subscribe, "</presence>", SUBSCRIBED),
    ] {
        let within = [(&**start, 1), ("><a", 1), (&attribute, 5_000), ("/>", 1), (end, 1)];
        cases.push(Case::runs(&format!("{name} with 20 MB in a tag"), &within, outcome));
        let itself = [(&**start, 1), (&attribute, 5_000), ("/>", 1)];
        cases.push(Case::runs(&format!("{name} with 20 MB in its tag"), &itself, Silence));
    }
    cases
}

/// What is not echoed is bounded all the same.
fn others() -> Vec<Case> {
    let long = "x".repeat(600_000);
    let get = format!("<iq type='get' id='1' from='{U}' to='{BOT}'");
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    let children = "<a/>".repeat(20_000);
    let too_large = || Answer(&["iq error policy-violation"]);
    let text = |length| format!("{get}>{}{ping}</iq>", "x".repeat(length));
    vec![
        Case::new(text(COLLECTED - text(0).len()), Answer(&["iq result"])),
        Case::new(text(COLLECTED + 1 - text(0).len()), too_large()),
        Case::new(format!("{get} a='{}'>{ping}</iq>", &long[..COLLECTED]), too_large()),
        Case::new(format!("{get}>{children}</iq>"), too_large()),
        Case::new(format!("{get} a='{long}'>{ping}</iq>"), Silence),
        Case::new(
            format!("<presence type='subscribe' a='{long}' from='{U}' to='{BOT}'/>"),
            Silence,
        ),
        Case::new(
            format!("<presence type='subscribe' from='{U}' to='{BOT}'>{long}</presence>"),
            SUBSCRIBED,
        ),
        Case::new(format!("<message type='error' from='{U}' to='{BOT}'>{long}</message>"), Silence),
        Case::new(format!("<message from='{long}' to='{BOT}'/>"), Silence),
        Case::new(format!("<message from='{U}' to='{long}@echo.example'/>"), Silence),
        Case::new(format!("<message from='{U}' to='{long}'/>"), Silence),
        Case::new(format!("<iq type='get' id='1' from='{long}' to='{BOT}'>{ping}</iq>"), Silence),
        Case::new(format!("<unknown a='{long}'>{long}</unknown>"), Silence),
        Case::runs("20 MB of white space", &[(" \n", 10 << 20)], Silence),
        Case::runs("20 MB of text between stanzas", &[("x]>", 7 << 20)], Ends(PolicyViolation)),
        Case::runs("a million unknown elements", &[("<a/>", 1_000_000)], Silence),
    ]
}

/// What other programs make much of: default namespaces that every child would repeat, and
/// characters that every copy would escape again.
fn amplified() -> Vec<Case> {
    let namespace = "u".repeat(50_000);
    let zeros = "0".repeat(100_000);
    let mut cases = vec![
        Case::echoed("", &format!("<a xmlns='{namespace}'>{}</a>", "<b/>".repeat(50_000))),
        Case::echoed("", &format!("<p:a xmlns:p='{namespace}'>{}</p:a>", "<p:b/>".repeat(50_000))),
        Case::echoed("", &"<a xmlns='u'><b xmlns=''/></a>".repeat(10_000)),
        Case::echoed("", &format!("<a>&#{zeros}65;&#x{zeros}41;</a>")),
    ];
    for reference in ["&lt;", "&amp;", "&apos;", "&quot;", "&gt;", "&#38;", "&#x1F600;", "'", ">"] {
        let many = reference.repeat(LIMIT / 2 / reference.len());
        let value = if reference == "'" { "&apos;" } else { reference }.repeat(20_000);
        cases.push(Case::echoed("", &many));
        cases.push(Case::echoed("", &format!("<a b='{value}'/>")));
        let input = format!("<message id='{value}' from='{U}' to='{BOT}'/>");
        let answer = format!("<message id='{value}' from='{BOT}' to='{U}'/>");
        cases.push(Case::new(input, Echo(answer)));
    }
    // The error tells no more than the message did.
    let input = message(&format!(" id='{}'", "&lt;".repeat(10_000)), &"x".repeat(LIMIT));
    cases.push(Case::new(input, Bounce("policy-violation")));
    cases
}
