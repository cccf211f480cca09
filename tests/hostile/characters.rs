//! Every class of character of XML 1.0, in every place and form, and what is no UTF-8.

use echo_component::xml::error::Fault::{NotWellFormed, UnsupportedEncoding};

use super::case::Case;
use super::case::Outcome::{Bounce, Ends, Silence};

/// First and last of each range that XML 1.0 §2.2 allows, the noncharacters among them, and some
/// that other software changes: C1 controls, joiners, marks of direction, decomposed letters.
const ALLOWED: [u32; 40] = [
    0x9,
    0xa,
    0xd,
    0x20,
    0x7e,
    0x7f,
    0x80,
    0x84,
    0x85,
    0x86,
    0x9f,
    0xa0,
    0xad,
    0x301,
    0x378,
    0x200b,
    0x200d,
    0x200f,
    0x2028,
    0x202e,
    0x2066,
    0x3000,
    0xd7ff,
    0xe000,
    0xf8ff,
    0xfdd0,
    0xfdef,
    0xfe0f,
    0xfeff,
    0xfff9,
    0xfffd,
    0x10000,
    0x1f600,
    0x1fffe,
    0x1ffff,
    0xe0001,
    0xf0000,
    0xffffe,
    0x0010_fffd,
    0x0010_ffff,
];

/// Characters that are none of XML's.
fn forbidden() -> Vec<u32> {
    let controls = (0..0x20).filter(|code| ![0x9, 0xa, 0xd].contains(code));
    controls.chain([0xfffe, 0xffff]).collect()
}

pub fn cases() -> Vec<Case> {
    let mut cases = characters();
    cases.extend(references());
    cases.extend(encodings());
    cases.extend(names());
    cases.extend(white_space());
    cases
}

/// The places where text can be.
fn places(text: &str) -> [(String, String); 5] {
    [
        (String::new(), format!("<body>{text}</body>")),
        (String::new(), text.to_owned()),
        (String::new(), format!("<a b='{text}'/>")),
        (String::new(), format!("<a xmlns='u{text}'/>")),
        (format!(" id='{text}'"), "<body/>".to_owned()),
    ]
}

fn characters() -> Vec<Case> {
    let mut cases = vec![];
    let character = |code| char::from_u32(code).unwrap();
    for code in ALLOWED {
        for text in
            [format!("a{}b", character(code)), format!("&#{code};"), format!("&#x{code:X};")]
        {
            for (attributes, payload) in places(&text) {
                cases.push(Case::echoed(&attributes, &payload));
            }
        }
        cases.push(Case::echoed("", &format!("<![CDATA[{}]]>", character(code))));
    }
    for code in forbidden() {
        for text in
            [format!("a{}b", character(code)), format!("&#{code};"), format!("&#x{code:x};")]
        {
            for (attributes, payload) in places(&text) {
                cases.push(Case::message(&attributes, &payload, Bounce("not-acceptable")));
            }
        }
        let data = format!("<![CDATA[{}]]>", character(code));
        cases.push(Case::message("", &data, Bounce("not-acceptable")));
    }
    cases
}

fn references() -> Vec<Case> {
    let mut cases = vec![];
    for text in [
        "&lt;&gt;&amp;&apos;&quot;",
        "&amp;lt;&amp;amp;",
        "&#00000000000000000000000000000000000000000000000000000000000000065;",
        "&#x0000000000000000000000000000000000000041;",
        "&#xaBcD;",
        "&#13;&#10;&#9;&#32;",
    ] {
        cases.extend(places(text).map(|(attributes, payload)| Case::echoed(&attributes, &payload)));
    }
    for text in [
        "&#xD800;",
        "&#xDFFF;",
        "&#55296;",
        "&#x110000;",
        "&#1114112;",
        "&#4294967361;",
        "&#18446744073709551681;",
        "&#x10000000000000041;",
        "&nbsp;",
        "&eacute;",
        "&LT;",
        "&a.b-c_1;",
        "&\u{e9};",
        "&_;",
        "&lol9;",
        "&xxe;",
    ] {
        for (attributes, payload) in places(text) {
            cases.push(Case::message(&attributes, &payload, Bounce("not-acceptable")));
        }
    }
    for text in [
        "&", "&&", "a & b", "a & b;", "&;", "&#;", "&#x;", "&#X41;", "&#-65;", "&#+65;", "&# 65;",
        "&#65 ;", "&#6 5;", "&#x4g;", "&#12a;", "&amp", "&amp ;", "& amp;", "&1;", "&-a;", "&a:b;",
        "&%a;", "&\u{d7};",
    ] {
        for (attributes, payload) in places(text) {
            cases.push(Case::message(&attributes, &payload, Ends(NotWellFormed)));
        }
    }
    // What stands for markup is no markup.
    for text in ["&#60;a&#62;", "&#x26;#0;", "&lt;!-- --&gt;", "]]&gt;", "]&#93;>"] {
        cases.extend(places(text).map(|(attributes, payload)| Case::echoed(&attributes, &payload)));
    }
    cases
}

fn encodings() -> Vec<Case> {
    let bad: [&[u8]; 20] = [
        b"\x80",
        b"\xbf",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xc3",
        b"\xc3(",
        b"\xe0\x80\x80",
        b"\xe0\x9f\xbf",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xed\xa0\xbd\xed\xb8\x80",
        b"\xf0\x80\x80\x80",
        b"\xf0\x8f\xbf\xbf",
        b"\xf0\x9f\x98",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xfe",
        b"\xff",
    ];
    let mut cases = vec![];
    for bytes in bad {
        for (before, after) in [
            (&b"<body>"[..], &b"</body>"[..]),
            (b"", b""),
            (b"<a b='", b"'/>"),
            (b"<a xmlns:p='", b"'/>"),
            (b"<![CDATA[", b"]]>"),
            (b"<a", b"/>"),
            (b"<a b", b"='1'/>"),
        ] {
            let payload = [before, bytes, after].concat();
            cases.push(Case::bytes(&payload, Ends(UnsupportedEncoding)));
        }
    }
    cases.push(Case::new(
        &b"<message from='u@x' to='echo.example' id='\xff'/>"[..],
        Ends(UnsupportedEncoding),
    ));
    cases.push(Case::new(
        &b"<message from='\xff' to='echo.example'/>"[..],
        Ends(UnsupportedEncoding),
    ));
    cases.push(Case::new(
        &b"<iq type='get' id='1' from='u@x'><a>\xff</a></iq>"[..],
        Ends(UnsupportedEncoding),
    ));
    // What is passed over is watched for its structure alone.
    cases.push(Case::new(&b"<message type='error' from='u@x'>\xff</message>"[..], Silence));
    // Latin-1, UTF-16 and UTF-32 hold what UTF-8 cannot.
    cases.push(Case::bytes(b"caf\xe9", Ends(UnsupportedEncoding)));
    cases.push(Case::bytes(b"\xff\xfea\0", Ends(UnsupportedEncoding)));
    cases
}

/// XML 1.0 §2.3, fifth edition.
fn names() -> Vec<Case> {
    let mut cases = vec![];
    let place = |name: &str| {
        [format!("<{name}/>"), format!("<{name}></{name}>"), format!("<a {name}='1'/>")]
    };
    for name in [
        "A",
        "z",
        "_",
        "a-",
        "a.",
        "a1",
        "\u{c0}",
        "\u{d6}",
        "\u{d8}",
        "\u{f6}",
        "\u{f8}",
        "\u{2ff}",
        "\u{370}",
        "\u{37d}",
        "\u{37f}",
        "\u{1fff}",
        "\u{200c}",
        "\u{200d}",
        "\u{2070}",
        "\u{218f}",
        "\u{2c00}",
        "\u{2fef}",
        "\u{3001}",
        "\u{d7ff}",
        "\u{f900}",
        "\u{fdcf}",
        "\u{fdf0}",
        "\u{fffd}",
        "\u{10000}",
        "\u{1f600}",
        "\u{effff}",
        "a\u{b7}",
        "a\u{300}",
        "a\u{36f}",
        "a\u{203f}",
        "a\u{2040}",
    ] {
        cases.extend(place(name).map(|payload| Case::echoed("", &payload)));
    }
    for name in [
        "1",
        "-",
        ".",
        "\u{b7}",
        "\u{300}",
        "\u{203f}",
        "\u{d7}",
        "\u{f7}",
        "\u{37e}",
        "a\u{37e}",
        "\u{2000}",
        "a\u{200b}",
        "a\u{206f}",
        "a\u{2190}",
        "a\u{3000}",
        "\u{e000}",
        "\u{fdd0}",
        "a\u{fdef}",
        "\u{fffe}",
        "\u{f0000}",
        "a\u{10ffff}",
        "a\0",
        "\u{1}",
        "a\u{7f}",
        "a\u{85}b",
        "a\u{a0}b",
        "a\u{feff}\u{fffe}",
        "a!",
        "a\"",
        "a#",
        "a$",
        "a%",
        "a&",
        "a(",
        "a*",
        "a+",
        "a,",
        "a;",
        "a@",
        "a[",
        "a\\",
        "a^",
        "a`",
        "a{",
        "a|",
        "a}",
        "a~",
    ] {
        for payload in [format!("<{name}/>"), format!("<a {name}='1'/>")] {
            // A quote opens what only another ends.
            if !name.contains('"') {
                cases.push(Case::message("", &payload, Ends(NotWellFormed)));
            }
        }
    }
    cases
}

/// White space stays as it is, also where a parser would change it, and no other blank counts.
fn white_space() -> Vec<Case> {
    let mut cases = vec![];
    for text in
        ["\r", "\r\n", "\n\r", "\r\r", "\t", " \n\t\r ", "a\rb", "&#13;", "\r&#13;\r\n&#10;"]
    {
        cases.extend(places(text).map(|(attributes, payload)| Case::echoed(&attributes, &payload)));
        if !text.contains('&') && !text.contains('a') {
            cases.push(Case::echoed("", &format!("<a{text}b{text}={text}'c'{text}/>")));
            cases.push(Case::echoed("", &format!("<a></a{text}>")));
            cases.push(Case::echoed(text, "x"));
        }
    }
    for blank in ["\u{a0}", "\u{85}", "\u{c}", "\u{b}", "\u{2028}", "\u{3000}", "\u{feff}"] {
        let payload = format!("<a{blank}b='1'/>");
        cases.push(Case::message("", &payload, Ends(NotWellFormed)));
        let payload = format!("<a b='1'{blank}c='2'/>");
        cases.push(Case::message("", &payload, Ends(NotWellFormed)));
    }
    cases
}
