//! Prefixes, sections, mixed content, and markup that is restricted or broken.

use echo_component::xml::error::Fault::{NotWellFormed, RestrictedXml, UnsupportedEncoding};

use super::case::Outcome::{Bounce, Echo, Ends, Silence};
use super::case::{Case, echo, message};

pub fn cases() -> Vec<Case> {
    let mut cases = namespaces();
    cases.extend(stanza_namespaces());
    cases.extend(content());
    cases.extend(restricted());
    cases.extend(attributes());
    cases.extend(tags());
    cases
}

fn namespaces() -> Vec<Case> {
    let mut cases = vec![];
    for payload in [
        "<p:a xmlns:p='u'/>",
        "<p:a p:b='1' xmlns:p='u'/>",
        "<a xmlns:p='u'><b><p:c p:d=''/></b></a>",
        "<a xmlns:p='u'><b xmlns:p='v'><p:c/></b><p:d/></a>",
        "<a xmlns:p='u'/><a xmlns:p='v'><p:b/></a>",
        "<a xmlns=''><b xmlns='u'/></a>",
        "<a xmlns='u' xmlns:p='u' b='1' p:b='2'/>",
        "<a xmlns:p='u' xmlns:q='u' p:b='1' q:c='2'/>",
        "<a xml:lang='de' xml:space='preserve' xml:base='x' xml:anything=''/>",
        "<xml:a/>",
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
        "<stream:a/>",
        "<a stream:b='1'/>",
        "<a xmlns:stream='u'><stream:b/></a><stream:b/>",
        "<a xmlns:\u{e9}='u' \u{e9}:b=''/>",
        "<a xmlns='jabber:component:accept'/><a xmlns='jabber:client'><b/></a>",
        "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        "<message from='a' to='b'><message/></message>",
        "<XMLfoo/><xmlnsx/><a xmlnsfoo='1' xmlfoo='2'/>",
    ] {
        cases.push(Case::echoed("", payload));
    }
    cases.push(Case::echoed(" xmlns:p='u' p:b='1' xmlns:q='v'", "<p:a><q:b/></p:a>"));
    cases.push(Case::echoed(" xml:lang='de' xmlns:stream='u'", "<stream:a/>"));
    for payload in [
        "<p:a/>",
        "<a p:b=''/>",
        "<p:a xmlns:P='u'/>",
        "<a xmlns:p='u'/><p:b/>",
        "<a xmlns:p='u'><b/></a><c p:d=''/>",
        "<a xmlns:p='u'><q:b/></a>",
        "<XML:a/>",
        "<a xmlnsp:b=''/>",
        "<xmlnsp:a/>",
        "<a><b><c><p:d>text</p:d></c></b></a>",
        // Servers forward what breaks the rules of namespaces alone.
        "<a xmlns:p=''/>",
        "<a xmlns:xmlns='u'/>",
        "<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:xml='u'/>",
        "<a xmlns:xml=''/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns&#x2f;'/>",
        "<xmlns:a/>",
        "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
        "<a xmlns:p='u'><b xmlns:q='u' p:c='' q:c=''/></a>",
    ] {
        cases.push(Case::message("", payload, Bounce("not-acceptable")));
    }
    cases.push(Case::message(" p:b=''", "", Bounce("not-acceptable")));
    for payload in [
        "<a:b:c/>",
        "<:a/>",
        "<a:/>",
        "<:/>",
        "<a b:='1'/>",
        "<a :b='1'/>",
        "<a xmlns:='u'/>",
        "<a xmlns:p:q='u'/>",
        "<a xmlns:1='u'/>",
    ] {
        cases.push(Case::message("", payload, Ends(NotWellFormed)));
    }
    cases
}

/// The stanza itself in other namespaces than the stream's.
fn stanza_namespaces() -> Vec<Case> {
    let head = "from='u@x' to='echo.example'";
    let answer = |attributes: &str, payload: &str| {
        Echo(format!("<message{attributes} from='echo.example' to='u@x'>{payload}</message>"))
    };
    let mut cases = vec![];
    for namespace in
        ["jabber:client", "jabber:server", "jabber:component:accept", "&#x6a;abber:client"]
    {
        let input = format!("<message xmlns='{namespace}' {head}><a/></message>");
        cases.push(Case::new(input, answer("", "<a/>")));
        let input = format!("<p:message xmlns:p='{namespace}' {head}><p:a/></p:message>");
        let declared = format!(" xmlns:p='{namespace}'");
        cases.push(Case::new(input, answer(&declared, "<p:a/>")));
    }
    for namespace in
        ["", "urn:x", "Jabber:client", "jabber:client ", "http://etherx.jabber.org/streams"]
    {
        cases.push(Case::new(format!("<message xmlns='{namespace}' {head}/>"), Silence));
        let input = format!("<c:message xmlns:c='jabber:client' xmlns='{namespace}' {head}/>");
        cases.push(Case::new(input, Bounce("not-acceptable")));
    }
    cases.push(Case::new(format!("<stream:message {head}/>"), Silence));
    cases.push(Case::new(format!("<p:message {head}/>"), Silence));
    cases.push(Case::new(format!("<p:message xmlns:p='urn:x' {head}><a/></p:message>"), Silence));
    for name in ["Message", "messages", "mess", "message.", "presences", "iqs", "IQ", "a"] {
        cases.push(Case::new(format!("<{name} {head} type='get' id='1'><a/></{name}>"), Silence));
    }
    cases
}

fn content() -> Vec<Case> {
    let mut cases = vec![];
    for payload in [
        "text<a/>more<b>text</b>end",
        "<a>one<b/>two<c>three</c>four</a>",
        "\n  <a>\n  </a>\n",
        "<![CDATA[]]>",
        "<![CDATA[]]]]>",
        "<![CDATA[]]]>",
        "<![CDATA[>]]>",
        "<![CDATA[<![CDATA[]]>",
        "<![CDATA[</message>]]>",
        "<![CDATA[<!-- --> <?pi?> <!DOCTYPE x> &nbsp; &]]>",
        "<![CDATA[a]]><![CDATA[b]]>c<![CDATA[d]]>",
        "<a><![CDATA[]]]]><![CDATA[>]]></a>",
        "]]",
        "]]<a/>&gt;",
        "]]&gt;",
        "]>",
        ">>>",
        "'\"",
        "<a b=']]>'/>",
        "<a b='-->?>'/>",
        "<a b='/>'/>",
        "<a></a><a></a ><a />",
        "<body/><body/><subject/><body/>",
    ] {
        cases.push(Case::echoed("", payload));
    }
    for payload in ["]]>", "a]]>b", "<a>]]></a>", "<![CDATA[]]>]]>", "]]]>"] {
        cases.push(Case::message("", payload, Ends(NotWellFormed)));
    }
    for input in [
        "text",
        " \n ",
        "<![CDATA[a]]>",
        "<![CDATA[<message from='u@x'/>]]>",
        "&amp;&#9;",
        "\u{feff}",
    ] {
        cases.push(Case::new(input, Silence));
        let echo = Echo(echo("", input));
        cases.push(Case::new(format!("{input} {}", message("", input)), echo));
    }
    // Nor may there be between stanzas what is not well-formed anywhere.
    for input in ["&", "&nbsp;", "&#0;", "]]>", "\u{0}", "\u{1}", "\u{ffff}", "<![CDATA[\u{1}]]>"] {
        let message = message("", "never echoed");
        cases.push(Case::new(format!("{input}{message}"), Ends(NotWellFormed)));
        cases.push(Case::new(format!(" {input}\n{message}"), Ends(NotWellFormed)));
    }
    let bad_utf8 = [b"\xc0\xaf", message("", "never echoed").as_bytes()].concat();
    cases.push(Case::new(bad_utf8, Ends(UnsupportedEncoding)));
    cases
}

/// RFC 6120 §11.1: what XMPP forbids of XML, wherever it stands.
fn restricted() -> Vec<Case> {
    let mut cases = vec![];
    for markup in [
        "<!-- x -->",
        "<!---->",
        "<!-- -- -->",
        "<?xml version='1.0'?>",
        "<?xml version='1.1' encoding='UTF-16'?>",
        "<?xml-stylesheet href='x'?>",
        "<?pi?>",
        "<??>",
        "<!DOCTYPE message>",
        "<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;&a;&a;'>]>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://x/'> %p;]>",
        "<!ENTITY a 'b'>",
        "<!ELEMENT a ANY>",
        "<!ATTLIST a b CDATA #IMPLIED>",
        "<!NOTATION a SYSTEM 'b'>",
        "<![INCLUDE[x]]>",
        "<![cdata[x]]>",
        "<![CDATA x]]>",
        "<!>",
        "<!x>",
    ] {
        cases.push(Case::new(markup, Ends(RestrictedXml)));
        cases.push(Case::message("", markup, Ends(RestrictedXml)));
        cases.push(Case::message("", &format!("<a>b{markup}c</a>"), Ends(RestrictedXml)));
        let error = message(" type='error'", markup);
        cases.push(Case::new(error, Ends(RestrictedXml)));
        let get =
            format!("<iq type='get' id='1' from='u@x'>{markup}<ping xmlns='urn:xmpp:ping'/></iq>");
        cases.push(Case::new(get, Ends(RestrictedXml)));
    }
    cases
}

fn attributes() -> Vec<Case> {
    let mut cases = vec![];
    let many = (0..20).fold(String::new(), |tag, n| tag + &format!(" a{n}=''"));
    for tag in [
        "<a b='1' b='1'/>".to_owned(),
        "<a b='1' c='2' b=\"3\"/>".into(),
        "<a xmlns='u' xmlns='u'/>".into(),
        "<a xmlns:p='u' xmlns:p='u'/>".into(),
        "<a xmlns:p='u' p:b='1' p:b='2'/>".into(),
        "<a xml:lang='de' xml:lang='en'/>".into(),
        "<a p:b='' p:b=''/>".into(),
        format!("<a{many} a7=''/>"),
        "<a b/>".into(),
        "<a b=/>".into(),
        "<a b=c/>".into(),
        "<a b=''c=''/>".into(),
        "<a b='' c/>".into(),
        "<a ='1'/>".into(),
        "<a '1'/>".into(),
        "<a b==''/>".into(),
        "<a b='1'='2'/>".into(),
        "<a b=''''/>".into(),
        "<a b='1' / >".into(),
        "<a / b='1'>".into(),
        "<a/b='1'>".into(),
        "<a b=`1`/>".into(),
        "<a b='<'/>".into(),
        "<a b='<c/>'/>".into(),
        "<a b='&lt;' c='<'/>".into(),
    ] {
        cases.push(Case::message("", &tag, Ends(NotWellFormed)));
    }
    let twice = format!("<a{many} xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>");
    cases.push(Case::message("", &twice, Bounce("not-acceptable")));
    for attributes in [
        " from='v@x'",
        " to='echo.example'",
        " id='1' id='1'",
        " a",
        " a=b",
        " a='<'",
        "a='1'",
        " type='chat'type='x'",
    ] {
        cases.push(Case::message(attributes, "", Ends(NotWellFormed)));
    }
    for tag in [
        "<a b='\"' c=\"'\"/>",
        "<a b=''/>",
        "<a\nb\n=\n'1'\n/>",
        "<a b='>' c='/>' d='=' e='\n'/>",
        "<a from='x' to='y' id='z' type='error'/>",
    ] {
        cases.push(Case::echoed("", tag));
    }
    cases
}

fn tags() -> Vec<Case> {
    let mut cases = vec![];
    for payload in [
        "<a>",
        "</a>",
        "<a></b>",
        "<a><b></a></b>",
        "<a></A>",
        "<a></a></a>",
        "<a></ a>",
        "<a></a b='1'>",
        "<a></a/>",
        "<a></>",
        "<></>",
        "<>",
        "</>",
        "< a/>",
        "<a><",
        "<<a/>",
        "<a<b/>",
        "<a/",
        "<a/ >",
        "<p:a xmlns:p='u'></a>",
        "<p:a xmlns:p='u' xmlns:q='u'></q:a>",
        "<a></a\u{a0}>",
        "</stream:stream>",
        "<a></messag>",
        "<1/>",
        "<=/>",
        "<'/>'",
        "<a></a><b>",
    ] {
        cases.push(Case::message("", payload, Ends(NotWellFormed)));
    }
    for input in [
        "</message>",
        "</stream:streams>",
        "</>",
        "</ stream:stream>",
        "<a></b>",
        "<a><b></a>",
        "<message from='u@x' to='echo.example'></Message>",
        "<message from='u@x' to='echo.example'></c:message>",
        "<c:message xmlns:c='jabber:client' from='u@x'></message>",
        "<message type='error'><a></message>",
        "<message =''/>",
        "<1/>",
        "< message/>",
    ] {
        cases.push(Case::new(input, Ends(NotWellFormed)));
    }
    // A second of the same is nothing special.
    let twice = message("", "<a/>") + &message("", "<b/>");
    cases.push(Case::new(twice, Echo(echo("", "<a/>") + &echo("", "<b/>"))));
    cases
}
