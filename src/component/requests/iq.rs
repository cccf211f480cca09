//! IQ: one answer to each request (RFC 6120 §8.2.3).

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use xmpp_parsers::date::Xep0082;
use xmpp_parsers::ns;
use xmpp_parsers::version::VersionResult;
use xso::text::TextCodec;

use crate::component::address::{bare, is_node};
use crate::component::answer::Answer;
use crate::component::reply::Reply;
use crate::component::requests::child::{Child, element_at};
use crate::component::requests::refusal::Refusal;
use crate::component::requests::{Kind, Request, Responder};

/// XEP-0012, for which xmpp-parsers has no type.
pub const LAST: &str = "jabber:iq:last";

impl Responder {
    /// The answer to a request.
    pub(super) fn iq<'a>(&'a self, request: &Request, reply: &'a Reply) -> Answer<'a> {
        match self.result(request, reply) {
            Ok(payload) => Answer::to(reply, "iq", "result", payload),
            Err(refusal) => Answer::to(reply, "iq", "error", self.errors.of(refusal)),
        }
    }

    fn result(&self, request: &Request, reply: &Reply) -> Result<Cow<'_, [u8]>, Refusal> {
        let child = request.only_child()?;
        match request.kind {
            _ if reply.id.is_none() => Err(Refusal::Malformed),
            Kind::Get => self.get(request, &child, &reply.from),
            Kind::Set => Err(Refusal::Unavailable),
            _ => Err(Refusal::Malformed),
        }
    }

    /// The payload of the answer to a get, empty where it has none.
    fn get(&self, request: &Request, child: &Child, asked: &str) -> Result<Cow<'_, [u8]>, Refusal> {
        let disco = self.disco(is_node(asked));
        let node = || child.attribute("node");
        Ok(match child.name() {
            (b"query", ns::DISCO_INFO) => disco.info(node().as_deref())?.into(),
            (b"query", ns::DISCO_ITEMS) => disco.items(node().as_deref())?.into(),
            (b"ping", ns::PING) => Cow::default(),
            (b"query", ns::VERSION) => (&*self.version).into(),
            (b"query", LAST) => last(asked, request.now.uptime).into(),
            (b"time", ns::TIME) => time(&request.now.utc).into(),
            (b"vCard", ns::VCARD) => (&*self.vcard).into(),
            (b"pubsub", ns::PUBSUB) => self.nodes.get(child, request.scope())?.into(),
            _ => return Err(Refusal::Unavailable),
        })
    }
}

impl<'a> Request<'a> {
    /// RFC 6120 §8.2.3: a request has exactly one child element.
    fn only_child(&self) -> Result<Child<'a>, Refusal> {
        let child = Child::first(self.content?, &[self.scope()]);
        child.filter(|it| element_at(it.rest).is_none()).ok_or(Refusal::Malformed)
    }
}

/// The software, as XEP-0092 asks for it.
pub fn version() -> VersionResult {
    VersionResult {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        os: None,
    }
}

/// To a resource or a node someone is there (XEP-0012 §3), and the domain tells its uptime (§4).
fn last(asked: &str, uptime: Duration) -> Vec<u8> {
    let is_domain = !is_node(asked) && bare(asked) == asked;
    let seconds = if is_domain { uptime.as_secs() } else { 0 };
    format!("<query xmlns='{LAST}' seconds='{seconds}'/>").into_bytes()
}

/// XEP-0202. It cannot be written before it is asked for, and as an element would cost twice as much as
/// any other answer.
fn time(utc: &DateTime<Utc>) -> Vec<u8> {
    let utc = Xep0082.encode(utc).ok().flatten().unwrap_or_default();
    format!("<time xmlns='{}'><tzo>+00:00</tzo><utc>{utc}</utc></time>", ns::TIME).into_bytes()
}

#[cfg(test)]
mod tests {
    use chrono::Offset;
    use minidom::Element;
    use xmpp_parsers::time::TimeResult;

    use super::*;

    #[test]
    fn the_time_is_written_as_xmpp_parsers_writes_it() {
        for seconds in [0, 1_795_000_000, 1 << 40] {
            let utc = DateTime::from_timestamp(seconds, 500_000_000).unwrap();
            let written: Element = String::from_utf8(time(&utc)).unwrap().parse().unwrap();
            assert_eq!(written, Element::from(TimeResult { tz_offset: Utc.fix(), utc }));
        }
    }
}
