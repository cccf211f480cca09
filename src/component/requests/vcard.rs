//! Who the echo is, for people who meet it: as vCard-temp (XEP-0054) and as vCard4 (XEP-0292).

use minidom::Element;
use xmpp_parsers::ns;
use xmpp_parsers::vcard::VCard;
use xso::text::{Base64, TextCodec};

use crate::component::requests::avatar;

/// RFC 6351, for which xmpp-parsers has no type.
const VCARD4: &str = "urn:ietf:params:xml:ns:vcard-4.0";

const DESCRIPTION: &str = "An automatic service that sends every message back to whoever sent it. \
    Write to it to see whether your messages get through, and how they arrive. Nobody reads them, \
    and nothing is kept.";

/// The vCard of an echo with this name.
pub fn temp(name: &str) -> VCard {
    let texts = [("FN", name), ("DESC", DESCRIPTION)];
    let text = |(name, text)| Element::builder(name, ns::VCARD).append(text).build();
    VCard { photo: Some(avatar::photo()), payloads: texts.map(text).into() }
}

/// The same as vCard4. RFC 6473 has a kind for programs.
pub fn four(name: &str) -> Element {
    let picture = avatar::data();
    let picture = Base64.encode(&picture.data).ok().flatten().unwrap_or_default();
    let picture = format!("data:image/png;base64,{picture}");
    let values = [
        ("kind", "text", "application"),
        ("fn", "text", name),
        ("note", "text", DESCRIPTION),
        ("photo", "uri", &picture),
    ];
    let property = |(name, kind, value)| {
        let value = Element::builder(kind, VCARD4).append(value);
        Element::builder(name, VCARD4).append(value).build()
    };
    Element::builder("vcard", VCARD4).append_all(values.map(property)).build()
}
