//! The PubSub nodes at which chat programs look for a contact's vCard and avatar (XEP-0060 §6.5).
//! There is nothing to subscribe to and nothing to publish: the items are always the same.

use minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::pubsub::pubsub::{Item, Items};
use xmpp_parsers::pubsub::{ItemId, PubSub};

use crate::component::answer::written;
use crate::component::requests::child::{Child, Scope};
use crate::component::requests::refusal::Refusal;
use crate::component::requests::{avatar, vcard};

/// The feature of XEP-0060 that there is.
pub const RETRIEVE_ITEMS: &str = "http://jabber.org/protocol/pubsub#retrieve-items";

/// XEP-0292 §3.
const VCARD4_NODE: &str = "urn:xmpp:vcard4";

/// A node with one item.
#[derive(Debug, Clone)]
struct Node {
    name: &'static str,
    item: String,
    /// The answer to whoever asks for its items.
    items: Vec<u8>,
}

impl Node {
    fn new(name: &'static str, item: String, payload: impl Into<Element>) -> Self {
        let (id, payload) = (Some(ItemId(item.clone())), Some(payload.into()));
        let items = vec![Item { id, publisher: None, payload }];
        let items = PubSub::Items(Items { items, ..Items::new(name) });
        Self { name, item, items: written(&Element::from(items)) }
    }
}

/// The nodes.
#[derive(Debug, Clone)]
pub struct Nodes([Node; 3]);

impl Nodes {
    /// Those of an echo with this name.
    pub fn new(name: &str) -> Self {
        Self([
            Node::new(VCARD4_NODE, "current".into(), vcard::four(name)),
            Node::new(ns::AVATAR_METADATA, avatar::id(), avatar::metadata()),
            Node::new(ns::AVATAR_DATA, avatar::id(), avatar::data()),
        ])
    }

    /// What a get with that child, which stands within a stanza, is answered with.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn get(&self, pubsub: &Child, stanza: Scope) -> Result<&[u8], Refusal> {
        let items = Child::first(pubsub.content, &[stanza, pubsub.scope()]);
        let items = items.filter(|it| it.name() == (b"items", ns::PUBSUB));
        let items = items.ok_or(Refusal::Unavailable)?;
        let name = items.attribute("node").ok_or(Refusal::Malformed)?;
        let node = self.0.iter().find(|node| node.name == name).ok_or(Refusal::NoNode)?;
        let item = Child::first(items.content, &[]).and_then(|item| item.attribute("id"));
        if item.is_none_or(|id| id == node.item) { Ok(&node.items) } else { Err(Refusal::NoNode) }
    }
}
