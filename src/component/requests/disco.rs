//! Service discovery (XEP-0030), and its hash in presence (XEP-0115).

use xmpp_parsers::caps::{Caps, compute_disco, hash_caps};
use xmpp_parsers::data_forms::{DataForm, DataFormType};
use xmpp_parsers::disco::{DiscoInfoResult, DiscoItemsResult, Identity};
use xmpp_parsers::hashes::Algo;
use xmpp_parsers::ns;
use xmpp_parsers::server_info::generate_address_field;

use crate::component::answer::written;
use crate::component::requests::iq::LAST;
use crate::component::requests::pubsub::RETRIEVE_ITEMS;
use crate::component::requests::refusal::Refusal;

/// The software's name in XEP-0115's caps, which ask for a URI.
const CAPS_NODE: &str = "urn:x-echo-component";

/// All that is answered, and what XEP-0115 §6.1 wants named beside it.
const FEATURES: [&str; 9] = [
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::CAPS,
    ns::PING,
    ns::TIME,
    ns::VCARD,
    ns::VERSION,
    LAST,
    RETRIEVE_ITEMS,
];

/// What the component's domain is, as category and type.
pub const DOMAIN: (&str, &str) = ("component", "generic");

/// What its nodes are.
pub const NODE: (&str, &str) = ("client", "bot");

/// What one kind of address says of itself, written.
#[derive(Debug, Clone)]
pub struct Disco {
    info: Vec<u8>,
    /// The node that stands for the hash, and the same for that node (XEP-0115 §6.2).
    hashed: Option<(String, Vec<u8>)>,
    /// The hash, as it stands in presence.
    pub caps: Vec<u8>,
    items: Vec<u8>,
}

impl Disco {
    /// That of an identity with this name, whose admins can be reached at these URIs.
    pub fn new((category, kind): (&str, &str), name: &str, contacts: &[String]) -> Self {
        let info = DiscoInfoResult {
            node: None,
            identities: vec![Identity::new(category, kind, "en", name)],
            features: FEATURES.into_iter().map(Into::into).collect(),
            extensions: contact_form(contacts).into_iter().collect(),
        };
        let items = DiscoItemsResult { node: None, items: vec![], rsm: None };
        let (items, plain) = (written(&items), written(&info));
        let Ok(hash) = hash_caps(&compute_disco(&info), Algo::Sha_1) else {
            return Self { info: plain, hashed: None, caps: vec![], items };
        };
        let node = format!("{CAPS_NODE}#{}", hash.to_base64());
        let of_node = written(&DiscoInfoResult { node: Some(node.clone()), ..info });
        let caps = written(&Caps::new(CAPS_NODE, hash));
        Self { info: plain, hashed: Some((node, of_node)), caps, items }
    }

    /// What it is and can do. An empty node is no node, as servers see it.
    ///
    /// # Errors
    /// If there is no such node.
    pub fn info(&self, node: Option<&str>) -> Result<&[u8], Refusal> {
        match (node, &self.hashed) {
            (None | Some(""), _) => Ok(&self.info),
            (Some(asked), Some((node, info))) if asked == node => Ok(info),
            _ => Err(Refusal::NoNode),
        }
    }

    /// What is there beside it: nothing.
    ///
    /// # Errors
    /// If there is no such node.
    pub fn items(&self, node: Option<&str>) -> Result<&[u8], Refusal> {
        if node.is_none_or(str::is_empty) { Ok(&self.items) } else { Err(Refusal::NoNode) }
    }
}

/// XEP-0157: where the admins can be reached.
fn contact_form(contacts: &[String]) -> Option<DataForm> {
    if contacts.is_empty() {
        return None;
    }
    let field = generate_address_field("admin-addresses", contacts.to_vec());
    let (title, instructions) = (None, None);
    let mut form =
        DataForm { type_: DataFormType::Result_, title, instructions, fields: vec![field] };
    form.set_form_type(ns::SERVER_INFO.into());
    Some(form)
}
