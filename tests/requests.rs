//! Presence and IQ: what is asked, and what is answered.

mod support;

use echo_component::component::requests::Responder;
use minidom::Element;
use xso::text::{Base64, TextCodec};

use support::{COMPONENT, Component, LIMIT, answer};

/// Of src/component/requests/avatar/echo.png, by sha1sum.
const PICTURE_SHA1: &str = "f6515484cb312f6dd34e0fbe784760b92d61b7af";

const U: &str = "u@users.example/r1";
const BOT: &str = "bot@echo.example";

/// The stanzas in what was sent.
fn stanzas(sent: &str) -> Vec<Element> {
    let document = format!("<all xmlns='jabber:component:accept'>{sent}</all>");
    let all: Element = document.parse().unwrap_or_else(|error| panic!("{error} in {sent}"));
    all.children().cloned().collect()
}

fn iq(kind: &str, to: &str, payload: &str) -> Element {
    let request = format!("<iq type='{kind}' id='i1' from='{U}' to='{to}'>{payload}</iq>");
    let mut answers = stanzas(&answer(&request));
    assert_eq!(answers.len(), 1, "one answer to {request}");
    let answer = answers.remove(0);
    let attributes = ["from", "to", "id"].map(|name| answer.attr(name).unwrap());
    assert_eq!((answer.name(), attributes), ("iq", [to, U, "i1"]));
    answer
}

/// The condition of the error that answers an IQ.
fn error(kind: &str, to: &str, payload: &str) -> String {
    condition(&iq(kind, to, payload))
}

fn condition(answer: &Element) -> String {
    assert_eq!(answer.attr("type"), Some("error"));
    let error = answer.get_child("error", "jabber:component:accept").unwrap();
    error.children().next().unwrap().name().to_owned()
}

/// The payload of the result that answers a get.
fn get(to: &str, payload: &str) -> Element {
    let answer = iq("get", to, payload);
    assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
    answer.children().next().unwrap().clone()
}

fn query(namespace: &str) -> String {
    format!("<query xmlns='{namespace}'/>")
}

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
const METADATA: &str = "urn:xmpp:avatar:metadata";
const DATA: &str = "urn:xmpp:avatar:data";
const VCARD4: &str = "urn:ietf:params:xml:ns:vcard-4.0";

/// The payload that asks for the items of a PubSub node.
fn items(node: &str, wanted: &str) -> String {
    format!("<pubsub xmlns='{PUBSUB}'><items node='{node}'>{wanted}</items></pubsub>")
}

fn features(info: &Element) -> Vec<&str> {
    let features = info.children().filter(|child| child.name() == "feature");
    features.filter_map(|feature| feature.attr("var")).collect()
}

fn identity(info: &Element) -> (&str, &str, &str) {
    let identity = info.get_child("identity", INFO).unwrap();
    let attribute = |name| identity.attr(name).unwrap();
    (attribute("category"), attribute("type"), attribute("name"))
}

#[test]
fn the_domain_is_a_component_and_its_nodes_are_bots() {
    assert_eq!(identity(&get(COMPONENT, &query(INFO))), ("component", "generic", "Echo"));
    for to in [BOT, "Bot@Echo.Example/Res"] {
        assert_eq!(identity(&get(to, &query(INFO))), ("client", "bot", "Echo"));
    }
}

#[test]
fn disco_names_each_feature_once_and_each_is_answered() {
    let info = get(COMPONENT, &query(INFO));
    let features = features(&info);
    assert!(features.len() > 5);
    for (nth, feature) in features.iter().enumerate() {
        assert!(!features[..nth].contains(feature), "{feature} twice");
        let payload = match *feature {
            "http://jabber.org/protocol/caps" => continue, // in presence, tested below
            "urn:xmpp:ping" => "<ping xmlns='urn:xmpp:ping'/>".to_owned(),
            "urn:xmpp:time" => "<time xmlns='urn:xmpp:time'/>".to_owned(),
            "vcard-temp" => "<vCard xmlns='vcard-temp'/>".to_owned(),
            "http://jabber.org/protocol/pubsub#retrieve-items" => items("urn:xmpp:vcard4", ""),
            query_namespace => query(query_namespace),
        };
        assert_eq!(iq("get", BOT, &payload).attr("type"), Some("result"), "{feature}");
    }
}

#[test]
fn answers_say_what_is_true() {
    assert_eq!(get(COMPONENT, &query(ITEMS)).children().count(), 0);
    assert_eq!(get(COMPONENT, &query("jabber:iq:last")).attr("seconds"), Some("42"));
    let time = get(COMPONENT, "<time xmlns='urn:xmpp:time'/>");
    assert_eq!(
        time.children().map(Element::text).collect::<Vec<_>>(),
        ["+00:00", "1970-01-01T00:00:00Z"]
    );
    let version = get(COMPONENT, &query("jabber:iq:version"));
    assert_eq!(
        version.children().map(Element::text).collect::<Vec<_>>(),
        ["echo-component", env!("CARGO_PKG_VERSION")]
    );
    assert_eq!(iq("get", BOT, "<ping xmlns='urn:xmpp:ping'/>").children().count(), 0);
}

#[test]
fn contacts_are_in_the_disco_form() {
    let contacts = vec!["mailto:a@example.com".to_owned(), "xmpp:b@example.com".to_owned()];
    let responder = Responder::new("E & co", &contacts);
    let mut component = Component::with(LIMIT, responder);
    let sent = component.answer(&format!("<iq type='get' id='1' from='{U}'>{}</iq>", query(INFO)));
    let answers = stanzas(&sent);
    let info = answers[0].get_child("query", INFO).unwrap();
    assert_eq!(identity(info).2, "E & co");
    let form = info.get_child("x", "jabber:x:data").unwrap();
    let values = |name| {
        let field = form.children().find(|field| field.attr("var") == Some(name)).unwrap();
        field.children().map(Element::text).collect::<Vec<_>>()
    };
    assert_eq!(values("FORM_TYPE"), ["http://jabber.org/network/serverinfo"]);
    assert_eq!(values("admin-addresses"), contacts);
}

/// The limit of `--name`: blanks behind an answer are reckoned by its first tag alone.
#[test]
fn behind_the_tag_of_the_longest_name_there_is_as_much_as_it_is_long() {
    let mut component = Component::with(LIMIT, Responder::new(&"n".repeat(200), &[]));
    let sent = component.answer(&format!("<iq type='get' id='1' from='{U}'>{}</iq>", query(INFO)));
    let tag = &sent[sent.find("<identity").unwrap()..];
    let end = tag.find('>').unwrap() + 1;
    assert!(end >= 240 && tag.len() >= 2 * end, "{sent}");
}

#[test]
fn unknown_nodes_are_not_found() {
    for node in ["http://x.example/?a=1&amp;b=2#v", "a&quot;&lt;b", "\u{1f600}", " "] {
        for namespace in [INFO, ITEMS] {
            let payload = format!("<query xmlns='{namespace}' node='{node}'/>");
            assert_eq!(error("get", COMPONENT, &payload), "item-not-found", "{node}");
        }
    }
}

#[test]
fn an_empty_node_is_the_entity_itself() {
    for to in [COMPONENT, BOT] {
        for namespace in [INFO, ITEMS] {
            let empty = format!("<query xmlns='{namespace}' node=''/>");
            assert_eq!(get(to, &empty), get(to, &query(namespace)));
        }
    }
}

/// The text of the only one of these within an element.
fn text(element: &Element, path: &[(&str, &str)]) -> String {
    let child = |element: Element, (name, namespace): &(&str, &str)| {
        let mut all = element.children().filter(|child| child.is(*name, *namespace));
        let child = all.next().unwrap_or_else(|| panic!("no {name} in {element:?}")).clone();
        assert!(all.next().is_none(), "one {name} in {element:?}");
        child
    };
    path.iter().fold(element.clone(), child).text()
}

const DESCRIPTION: &str = "sends every message back to whoever sent it";

#[test]
fn the_vcard_explains_what_the_echo_is() {
    for to in [COMPONENT, BOT, "bot@echo.example/echo"] {
        let vcard = get(to, "<vCard xmlns='vcard-temp'/>");
        let said = |name| text(&vcard, &[(name, "vcard-temp")]);
        assert_eq!(said("FN"), "Echo");
        assert!(said("DESC").contains(DESCRIPTION));
        assert!(!vcard.has_child("URL", "vcard-temp"), "there is no page about the echo to name");
        let photo = |name| text(&vcard, &[("PHOTO", "vcard-temp"), (name, "vcard-temp")]);
        assert_eq!(photo("TYPE"), "image/png");
        assert_eq!(photo("BINVAL"), base64(&picture()));
    }
}

#[test]
fn the_vcard4_says_the_same_as_the_vcard() {
    for to in [COMPONENT, BOT, "bot@echo.example/echo"] {
        let vcard = get(to, "<vCard xmlns='vcard-temp'/>");
        let (id, vcard4) = item(&get(to, &items("urn:xmpp:vcard4", "")));
        assert_eq!(id, "current");
        assert!(vcard4.is("vcard", VCARD4), "{vcard4:?}");
        for (property, of_vcard) in [("fn", "FN"), ("note", "DESC")] {
            let said = text(&vcard4, &[(property, VCARD4), ("text", VCARD4)]);
            assert_eq!(said, text(&vcard, &[(of_vcard, "vcard-temp")]));
        }
        assert!(!vcard4.has_child("url", VCARD4));
        let kind = text(&vcard4, &[("kind", VCARD4), ("text", VCARD4)]);
        assert_eq!(kind, "application", "RFC 6473");
        let picture = format!("data:image/png;base64,{}", base64(&picture()));
        assert_eq!(text(&vcard4, &[("photo", VCARD4), ("uri", VCARD4)]), picture);
    }
}

/// The picture that the daemon carries.
fn picture() -> Vec<u8> {
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/src/component/requests/avatar/echo.png");
    std::fs::read(picture).unwrap()
}

fn base64(bytes: &[u8]) -> String {
    Base64.encode(&bytes.to_vec()).unwrap().unwrap().into_owned()
}

/// The id and the payload of the only item in the answer to a request for a node's items.
fn item(pubsub: &Element) -> (String, Element) {
    let items = pubsub.get_child("items", PUBSUB).unwrap();
    let item = items.children().next().unwrap();
    assert_eq!([items, item].map(|it| it.children().count()), [1, 1]);
    (item.attr("id").unwrap().to_owned(), item.children().next().unwrap().clone())
}

/// The hash in presence that says which avatar there is (XEP-0153).
fn avatar_hash(to: &str) -> String {
    let sent = answer(&format!("<presence type='probe' from='{U}' to='{to}'/>"));
    let update = ("x", "vcard-temp:x:update");
    text(&stanzas(&sent)[0], &[update, ("photo", update.1)])
}

#[test]
fn presence_says_which_avatar_there_is() {
    for to in [COMPONENT, BOT] {
        assert_eq!(avatar_hash(to), PICTURE_SHA1);
    }
    for kind in ["unsubscribe", "unavailable"] {
        let sent = answer(&format!("<presence type='{kind}' from='{U}' to='{BOT}'/>"));
        assert!(!sent.contains("vcard-temp:x:update"), "{kind}");
    }
}

#[test]
fn the_avatar_is_at_the_nodes_of_xep_0084_under_its_hash() {
    for to in [COMPONENT, BOT, "bot@echo.example/echo"] {
        let (id, metadata) = item(&get(to, &items(METADATA, "")));
        assert_eq!(id, PICTURE_SHA1);
        let info = metadata.get_child("info", METADATA).unwrap();
        let told = ["id", "type", "bytes", "width", "height"].map(|name| info.attr(name).unwrap());
        let size = picture().len().to_string();
        assert_eq!(told, [PICTURE_SHA1, "image/png", &size, "96", "96"]);
        for wanted in [String::new(), format!("<item id='{PICTURE_SHA1}'/>")] {
            let (id, data) = item(&get(to, &items(DATA, &wanted)));
            assert_eq!((&*id, data.text()), (PICTURE_SHA1, base64(&picture())));
        }
    }
}

#[test]
fn other_pubsub_requests_are_refused_at_once() {
    let other_node = items("eu.siacs.conversations.axolotl.devicelist", "");
    let other_item = items(DATA, "<item id='x'/>");
    let no_node = format!("<pubsub xmlns='{PUBSUB}'><items/></pubsub>");
    let empty = format!("<pubsub xmlns='{PUBSUB}'/>");
    let subscribe =
        format!("<pubsub xmlns='{PUBSUB}'><subscribe node='{DATA}' jid='{U}'/></pubsub>");
    let foreign = format!("<pubsub xmlns='{PUBSUB}'><items xmlns='x' node='{DATA}'/></pubsub>");
    for (payload, condition) in [
        (other_node, "item-not-found"),
        (other_item, "item-not-found"),
        (no_node, "bad-request"),
        (empty, "service-unavailable"),
        (subscribe, "service-unavailable"),
        (foreign, "service-unavailable"),
    ] {
        assert_eq!(error("get", BOT, &payload), condition, "{payload}");
        assert_eq!(error("set", BOT, &payload), "service-unavailable", "{payload}");
    }
    let prefixed = format!(
        "<p:pubsub xmlns:p='{PUBSUB}'> <p:items node=\"{DATA}\"><p:item id='{PICTURE_SHA1}'/></p:items></p:pubsub>"
    );
    assert_eq!(get(BOT, &prefixed), get(BOT, &items(DATA, "")));
}

#[test]
fn other_requests_are_refused_once_each() {
    for to in [COMPONENT, BOT, "bot@echo.example/r"] {
        for kind in ["get", "set"] {
            assert_eq!(error(kind, to, "<x xmlns='urn:x'/>"), "service-unavailable");
        }
        assert_eq!(error("set", to, "<vCard xmlns='vcard-temp'/>"), "service-unavailable");
    }
}

#[test]
fn malformed_requests_are_bad_requests() {
    for payload in ["", "text", "<a xmlns='urn:a'/><b xmlns='urn:b'/>", "<x:y/>", "<a>&nbsp;</a>"] {
        assert_eq!(error("get", BOT, payload), "bad-request", "{payload}");
        assert_eq!(error("set", BOT, payload), "bad-request", "{payload}");
    }
    assert_eq!(error("foo", BOT, &query(INFO)), "bad-request");
    let untyped = stanzas(&answer(&format!("<iq id='1' from='{U}' to='{BOT}'/>")));
    assert_eq!(condition(&untyped[0]), "bad-request");
    let without_id = stanzas(&answer(&format!("<iq type='get' from='{U}'>{}</iq>", query(INFO))));
    assert_eq!(condition(&without_id[0]), "bad-request");
}

#[test]
fn requests_too_large_or_deep_are_answered_too() {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let large = format!("<a>{}</a>", "x".repeat(1 << 20));
    for payload in [deep, large] {
        assert_eq!(error("get", BOT, &payload), "policy-violation");
    }
    let id = "i".repeat(9000);
    let sent = answer(&format!("<iq type='get' id='{id}' from='{U}'>{}</iq>", query(INFO)));
    assert!(sent.contains(&id) && sent.contains("'result'"), "an id longer than minidom can read");
}

#[test]
fn results_and_errors_are_not_answered() {
    for kind in ["result", "error"] {
        let ping = "<ping xmlns='urn:xmpp:ping'/>";
        let iq = format!("<iq type='{kind}' id='u' from='{U}' to='{COMPONENT}'>{ping}</iq>");
        assert_eq!(answer(&iq), "");
    }
}

#[test]
fn requests_are_answered_whatever_their_form() {
    let spaced = "\n  <query xmlns='http://jabber.org/protocol/disco#info'/>\n";
    assert_eq!(iq("get", COMPONENT, spaced).attr("type"), Some("result"));
    let prefixed = format!("<d:query xmlns:d='{INFO}'/>");
    assert_eq!(iq("get", COMPONENT, &prefixed).attr("type"), Some("result"));
    for request in [
        format!(
            "<iq xmlns='jabber:client' type='get' to='echo.example' from='sm' id='1'>{}</iq>",
            query(INFO)
        ),
        format!("<iq xmlns:d='{INFO}' type='get' from='a b@x' id='1'><d:query/></iq>"),
        format!("<c:iq xmlns:c='jabber:client' type='get' from='@x' id='1'>{}</c:iq>", query(INFO)),
    ] {
        assert_eq!(stanzas(&answer(&request))[0].attr("type"), Some("result"), "{request}");
    }
}

#[test]
fn requests_that_are_not_for_us_or_from_no_one_are_not_answered() {
    for addresses in [format!("from='{U}' to='other.example'"), format!("to='{BOT}'")] {
        let request = format!("<iq type='get' id='1' {addresses}>{}</iq>", query(INFO));
        assert_eq!(answer(&request), "");
    }
}

/// What presence of that type from `from` is answered with: name of the type, from and to.
fn presence(kind: &str, from: &str, to: &str) -> Vec<(String, String, String)> {
    let presence = format!("<presence type='{kind}' from='{from}' to='{to}' id='p'/>");
    let attribute = |stanza: &Element, name| stanza.attr(name).unwrap_or_default().to_owned();
    let of = |stanza: Element| {
        assert_eq!(stanza.name(), "presence");
        (attribute(&stanza, "type"), attribute(&stanza, "from"), attribute(&stanza, "to"))
    };
    stanzas(&answer(&presence)).into_iter().map(of).collect()
}

#[test]
fn subscriptions_are_granted_and_ended_each_time() {
    for from in [U, "u@users.example"] {
        for (to, bare) in [
            (BOT, BOT),
            ("bot@echo.example/r", BOT),
            ("bot@echo.example/echo", BOT),
            (COMPONENT, COMPONENT),
            ("echo.example/a/b", COMPONENT),
        ] {
            let resource = format!("{bare}/echo");
            let sent =
                |kind: &str, from: &str| (kind.into(), from.into(), "u@users.example".to_owned());
            for _ in 0..2 {
                let granted = [sent("subscribed", bare), sent("", &resource)];
                assert_eq!(presence("subscribe", from, to), granted);
                let ended = [sent("unsubscribed", bare), sent("unavailable", &resource)];
                assert_eq!(presence("unsubscribe", from, to), ended);
            }
        }
    }
}

#[test]
fn a_probe_is_answered_to_the_one_that_asks_from_the_resource() {
    for (to, resource) in [
        (BOT, "bot@echo.example/echo"),
        ("Bot@Echo.Example/r", "Bot@Echo.Example/echo"),
        (COMPONENT, "echo.example/echo"),
    ] {
        assert_eq!(presence("probe", U, to), [(String::new(), resource.into(), U.into())]);
    }
}

#[test]
fn the_resource_of_presence_is_asked_as_its_bare_address_is() {
    for (bare, resource) in [(BOT, "bot@echo.example/echo"), (COMPONENT, "echo.example/echo")] {
        for payload in [
            query(INFO),
            query(ITEMS),
            query("jabber:iq:version"),
            "<ping xmlns='urn:xmpp:ping'/>".into(),
            "<time xmlns='urn:xmpp:time'/>".into(),
            "<vCard xmlns='vcard-temp'/>".into(),
        ] {
            let [at_bare, at_resource] =
                [bare, resource].map(|to| iq("get", to, &payload).children().next().cloned());
            assert_eq!(at_bare, at_resource, "{payload}");
        }
    }
}

#[test]
fn the_domain_tells_its_uptime_and_everyone_else_is_there() {
    for (to, seconds) in [
        (COMPONENT, "42"),
        ("Echo.Example", "42"),
        ("echo.example/echo", "0"),
        ("echo.example/a@b", "0"),
        (BOT, "0"),
        ("bot@echo.example/r", "0"),
    ] {
        assert_eq!(get(to, &query("jabber:iq:last")).attr("seconds"), Some(seconds), "{to}");
    }
}

#[test]
fn other_presence_is_not_answered() {
    for kind in ["subscribed", "unsubscribed", "unavailable", "error", "foo"] {
        assert_eq!(presence(kind, U, BOT), []);
    }
    assert_eq!(answer(&format!("<presence from='{U}' to='{BOT}'><show>foo</show></presence>")), "");
    assert_eq!(presence("subscribe", "echo.example", BOT), [], "its own");
    assert_eq!(presence("subscribe", U, "other.example"), []);
}

#[test]
fn presence_with_an_unreadable_payload_is_answered_by_its_type() {
    for payload in ["<priority>300</priority><show>foo</show>", "<x:y/>", &"<a/>".repeat(100_000)] {
        let subscribe =
            format!("<presence type='subscribe' from='{U}' to='{BOT}'>{payload}</presence>");
        assert_eq!(stanzas(&answer(&subscribe)).len(), 2, "{}", &payload[..6]);
    }
}

#[test]
fn a_room_join_gets_an_error_so_that_the_client_does_not_wait() {
    let room = "room@echo.example/nick";
    let join = "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>";
    let sent = answer(&format!("<presence id='j' from='{U}' to='{room}'>{join}</presence>"));
    let answers = stanzas(&sent);
    assert_eq!(answers.len(), 1);
    assert_eq!(
        ["from", "to", "id"].map(|name| answers[0].attr(name)),
        [Some(room), Some(U), Some("j")]
    );
    let error = answers[0].get_child("error", "jabber:component:accept").unwrap();
    assert_eq!(error.children().next().unwrap().name(), "service-unavailable");
}

#[test]
fn the_caps_in_presence_are_those_that_disco_answers_for() {
    for to in [COMPONENT, BOT] {
        let sent = answer(&format!("<presence type='probe' from='{U}' to='{to}'/>"));
        let caps =
            stanzas(&sent)[0].get_child("c", "http://jabber.org/protocol/caps").unwrap().clone();
        let node = format!("{}#{}", caps.attr("node").unwrap(), caps.attr("ver").unwrap());
        let payload = format!("<query xmlns='{INFO}' node='{node}'/>");
        let info = get(to, &payload);
        assert_eq!(info.attr("node"), Some(&*node));
        assert_eq!(features(&info), features(&get(to, &query(INFO))));
    }
}
