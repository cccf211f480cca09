//! A stream as a document, for parsers that know nothing of streams.

use minidom::Element;
use roxmltree::{Document, ParsingOptions};

/// The namespace of the component's stanzas.
pub const COMPONENT: &str = "jabber:component:accept";

/// The namespace of streams.
pub const STREAMS: &str = "http://etherx.jabber.org/streams";

/// The namespaces that stanzas may be in.
pub const STANZAS: [&str; 3] = [COMPONENT, "jabber:client", "jabber:server"];

/// rxml reads no token that is longer, so that it has no say on those.
const LONGEST: usize = 8000;

/// What is sent on a stream, with the header and footer around it; `None` if it is no UTF-8.
#[must_use]
pub fn whole(content: &[u8]) -> Option<String> {
    let content = std::str::from_utf8(content).ok()?;
    Some(format!(
        "<stream:stream xmlns='{COMPONENT}' xmlns:stream='{STREAMS}'>{content}</stream:stream>"
    ))
}

/// The document by roxmltree, which stands in no way on the component's own code.
///
/// # Errors
/// What is wrong with it, by that parser.
pub fn parse(document: &str) -> Result<Document<'_>, roxmltree::Error> {
    Document::parse_with_options(document, ParsingOptions::default())
}

/// Whether rxml, as minidom uses it, reads the document, or cannot tell.
#[must_use]
pub fn accepted_by_rxml(document: &str) -> bool {
    document.len() > LONGEST || document.parse::<Element>().is_ok()
}
