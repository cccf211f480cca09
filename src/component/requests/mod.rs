//! Presence and IQ: what the component answers, all of it.
//!
//! Pure functions from a request to the elements that answer it. The payload is read and written
//! with xmpp-parsers' types; what they cannot read is answered as malformed, never left without an
//! answer (RFC 6120 §8.2.3).

use std::time::Duration;

use chrono::{DateTime, Offset, Utc};
use minidom::rxml::xml_ncname;
use minidom::{Element, Node};
use xmpp_parsers::caps::{Caps, compute_disco, hash_caps};
use xmpp_parsers::data_forms::{DataForm, DataFormType};
use xmpp_parsers::disco::{
    DiscoInfoQuery, DiscoInfoResult, DiscoItemsQuery, DiscoItemsResult, Identity,
};
use xmpp_parsers::hashes::{Algo, Hash};
use xmpp_parsers::ns;
use xmpp_parsers::server_info::generate_address_field;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};
use xmpp_parsers::time::TimeResult;
use xmpp_parsers::vcard::VCard;
use xmpp_parsers::version::VersionResult;

use crate::component::address::is_node;
use crate::component::reply::Reply;
use crate::xml::attributes::Attribute;
use crate::xml::tag::Tag;

/// XEP-0012, for which xmpp-parsers has no type.
const LAST: &str = "jabber:iq:last";

/// The software's name, in XEP-0115's caps, which ask for a URI, and in XEP-0092.
const CAPS_NODE: &str = "urn:x-echo-component";

/// All that is answered, and what XEP-0115 §6.1 wants named beside it.
const FEATURES: [&str; 8] =
    [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::CAPS, ns::PING, ns::TIME, ns::VCARD, ns::VERSION, LAST];

/// What the answers say about the component.
#[derive(Debug, Clone)]
pub struct Responder {
    /// What disco and vCard call it.
    pub name: String,
    /// URIs at which its admins can be reached (XEP-0157).
    pub contacts: Vec<String>,
}

/// What a stanza asks for, by its name and `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Presence of type `subscribe`.
    Subscribe,
    /// Presence of type `unsubscribe`.
    Unsubscribe,
    /// Presence of type `probe`.
    Probe,
    /// Presence without a type, which may be an attempt to join a room.
    Available,
    /// Presence that nobody answers.
    OtherPresence,
    /// IQ of type `get`.
    Get,
    /// IQ of type `set`.
    Set,
    /// IQ of type `result` or `error`, which is an answer itself.
    Answer,
    /// IQ of a type that there is not (RFC 6120 §8.2.3).
    UnknownIq,
}

impl Kind {
    /// That of presence.
    pub fn presence(s: &[u8], kind: Option<&Attribute>) -> Self {
        match kind.map(|kind| kind.text(s)) {
            None => Self::Available,
            Some(Some(kind)) => match &*kind {
                "subscribe" => Self::Subscribe,
                "unsubscribe" => Self::Unsubscribe,
                "probe" => Self::Probe,
                _ => Self::OtherPresence,
            },
            Some(None) => Self::OtherPresence,
        }
    }

    /// That of an IQ.
    pub fn iq(s: &[u8], kind: Option<&Attribute>) -> Self {
        match kind.and_then(|kind| kind.text(s)).as_deref() {
            Some("get") => Self::Get,
            Some("set") => Self::Set,
            Some("result" | "error") => Self::Answer,
            _ => Self::UnknownIq,
        }
    }

    /// Whether there may be an answer.
    pub fn is_answered(self) -> bool {
        !matches!(self, Self::OtherPresence | Self::Answer)
    }

    /// Whether the answer depends on the payload.
    pub fn is_collected(self) -> bool {
        matches!(self, Self::Available | Self::Get | Self::Set)
    }

    /// Whether it is presence.
    pub fn is_presence(self) -> bool {
        !matches!(self, Self::Get | Self::Set | Self::Answer | Self::UnknownIq)
    }
}

/// Why there is nothing of a request's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It is not what may stand in XML.
    Unfit,
    /// It is too large or deep.
    TooLarge,
}

/// A request, as far as it could be read.
#[derive(Debug)]
pub struct Request<'a> {
    /// Where the answer comes from and goes to.
    pub reply: &'a Reply,
    /// The request's child elements, or why they cannot be read.
    pub payload: Result<Vec<Element>, Missing>,
}

/// What time it is, for the answers that tell it.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The time of day.
    pub utc: DateTime<Utc>,
    /// Since the daemon was started.
    pub uptime: Duration,
}

impl Responder {
    /// The answers to a request, in their order (RFC 6121 §3 and §4, RFC 6120 §8.2.3).
    pub fn answer(&self, kind: Kind, request: Request, now: Now) -> Vec<Element> {
        let between = request.reply.between_bare();
        match kind {
            Kind::Subscribe => {
                vec![between.stanza("presence", Some("subscribed"), []), self.available(&between)]
            }
            Kind::Unsubscribe => vec![
                between.stanza("presence", Some("unsubscribed"), []),
                between.stanza("presence", Some("unavailable"), []),
            ],
            // RFC 6121 §4.3.2: to the very resource that asks.
            Kind::Probe => {
                vec![self.available(&Reply { to: request.reply.to.clone(), ..between })]
            }
            Kind::Available => muc_join(&request).into_iter().collect(),
            Kind::OtherPresence | Kind::Answer => vec![],
            Kind::Get | Kind::Set => vec![self.iq(kind, request, now)],
            Kind::UnknownIq => vec![request.reply.error("iq", bad_request())],
        }
    }

    fn iq(&self, kind: Kind, request: Request, now: Now) -> Element {
        let reply = request.reply;
        let result = only_child(request.payload).and_then(|child| {
            if kind == Kind::Get && reply.id.is_some() {
                self.get(child, reply, now)
            } else {
                Err(refusal(reply))
            }
        });
        match result {
            Ok(payload) => reply.stanza("iq", Some("result"), payload),
            Err(error) => reply.error("iq", error),
        }
    }

    /// The payload of the answer to a get, if it has one.
    fn get(&self, child: Element, reply: &Reply, now: Now) -> Result<Option<Element>, StanzaError> {
        let is = |name, namespace| child.is(name, namespace);
        let answer = if is("query", ns::DISCO_INFO) {
            self.info(child, &reply.from)?.into()
        } else if is("query", ns::DISCO_ITEMS) {
            items(child)?.into()
        } else if is("ping", ns::PING) {
            return Ok(None);
        } else if is("query", ns::VERSION) {
            version().into()
        } else if is("query", LAST) {
            last(now.uptime)
        } else if is("time", ns::TIME) {
            TimeResult { tz_offset: Utc.fix(), utc: now.utc }.into()
        } else if is("vCard", ns::VCARD) {
            self.vcard().into()
        } else {
            return Err(unavailable());
        };
        Ok(Some(answer))
    }

    fn info(&self, query: Element, asked: &str) -> Result<DiscoInfoResult, StanzaError> {
        let query = DiscoInfoQuery::try_from(query).map_err(|_| bad_request())?;
        let info = self.disco(is_node(asked));
        match query.node {
            None => Ok(info),
            // XEP-0115 §6.2: what was hashed is answered for its hash.
            Some(node) if is_caps_node(&node, &info) => {
                Ok(DiscoInfoResult { node: Some(node), ..info })
            }
            Some(_) => Err(no_such_node()),
        }
    }

    fn disco(&self, node: bool) -> DiscoInfoResult {
        let (category, kind) = if node { ("client", "bot") } else { ("component", "generic") };
        DiscoInfoResult {
            node: None,
            identities: vec![Identity::new(category, kind, "en", &*self.name)],
            features: FEATURES.into_iter().map(Into::into).collect(),
            extensions: self.contact_form().into_iter().collect(),
        }
    }

    fn contact_form(&self) -> Option<DataForm> {
        if self.contacts.is_empty() {
            return None;
        }
        let field = generate_address_field("admin-addresses", self.contacts.clone());
        let (title, instructions) = (None, None);
        let mut form =
            DataForm { type_: DataFormType::Result_, title, instructions, fields: vec![field] };
        form.set_form_type(ns::SERVER_INFO.into());
        Some(form)
    }

    fn available(&self, reply: &Reply) -> Element {
        let hash = caps_hash(&self.disco(is_node(&reply.from)));
        reply.stanza("presence", None, hash.map(|hash| Caps::new(CAPS_NODE, hash).into()))
    }

    fn vcard(&self) -> VCard {
        let text = |name: &str, text: &str| {
            Element::builder(name, ns::VCARD).append(text.to_owned()).build()
        };
        VCard {
            photo: None,
            payloads: vec![
                text("FN", &self.name),
                text("DESC", "Sends every message back to whoever sent it"),
            ],
        }
    }
}

/// A client that tries to join a room waits for an answer (XEP-0045 §7.2).
fn muc_join(request: &Request) -> Option<Element> {
    let children = request.payload.as_ref().ok()?;
    children.iter().find(|child| child.is("x", ns::MUC))?;
    Some(request.reply.stanza(
        "presence",
        Some("error"),
        [Element::bare("x", ns::MUC), unavailable().into()],
    ))
}

fn items(query: Element) -> Result<DiscoItemsResult, StanzaError> {
    match DiscoItemsQuery::try_from(query) {
        Ok(DiscoItemsQuery { node: None, .. }) => {
            Ok(DiscoItemsResult { node: None, items: vec![], rsm: None })
        }
        Ok(_) => Err(no_such_node()),
        Err(_) => Err(bad_request()),
    }
}

fn version() -> VersionResult {
    VersionResult {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        os: None,
    }
}

fn last(uptime: Duration) -> Element {
    let seconds = uptime.as_secs().to_string();
    Element::builder("query", LAST).attr(xml_ncname!("seconds").into(), seconds).build()
}

fn is_caps_node(node: &str, info: &DiscoInfoResult) -> bool {
    let ver = node.strip_prefix(CAPS_NODE).and_then(|rest| rest.strip_prefix('#'));
    caps_hash(info).is_some_and(|hash| ver == Some(&hash.to_base64()))
}

fn caps_hash(info: &DiscoInfoResult) -> Option<Hash> {
    hash_caps(&compute_disco(info), Algo::Sha_1).ok()
}

/// RFC 6120 §8.2.3: a request has exactly one child element.
fn only_child(payload: Result<Vec<Element>, Missing>) -> Result<Element, StanzaError> {
    match payload {
        Ok(mut children) if children.len() == 1 => children.pop().ok_or_else(bad_request),
        Ok(_) | Err(Missing::Unfit) => Err(bad_request()),
        Err(Missing::TooLarge) => Err(StanzaError::new(
            ErrorType::Modify,
            DefinedCondition::PolicyViolation,
            "en",
            "The request is too large or too deeply nested for this service",
        )),
    }
}

/// What a request gets that is no get with an id.
fn refusal(reply: &Reply) -> StanzaError {
    if reply.id.is_some() { unavailable() } else { bad_request() }
}

fn unavailable() -> StanzaError {
    StanzaError::new(
        ErrorType::Cancel,
        DefinedCondition::ServiceUnavailable,
        "en",
        "This service only sends messages back",
    )
}

fn bad_request() -> StanzaError {
    let text = "The request is malformed";
    StanzaError::new(ErrorType::Modify, DefinedCondition::BadRequest, "en", text)
}

fn no_such_node() -> StanzaError {
    StanzaError::new(ErrorType::Cancel, DefinedCondition::ItemNotFound, "en", "No such node here")
}

/// The child elements of a stanza, read with the namespaces that its start tag declares.
pub fn children(s: &[u8], head: &Tag, content: &[u8]) -> Option<Vec<Element>> {
    let mut document = b"<stanza".to_vec();
    let declarations = || head.attributes.iter().filter(|it| it.name(s).starts_with(b"xmlns"));
    for it in declarations() {
        document.push(b' ');
        document.extend_from_slice(&s[it.name_range().start..it.quoted().end]);
    }
    // What the stream's header declares.
    for (name, namespace) in [("xmlns", ns::COMPONENT), ("xmlns:stream", ns::STREAM)] {
        if !declarations().any(|it| it.name(s) == name.as_bytes()) {
            document.extend_from_slice(format!(" {name}='{namespace}'").as_bytes());
        }
    }
    document.push(b'>');
    document.extend_from_slice(content);
    document.extend_from_slice(b"</stanza>");
    let mut stanza = Element::from_reader(&document[..]).ok()?;
    Some(stanza.take_nodes().into_iter().filter_map(Node::into_element).collect())
}
