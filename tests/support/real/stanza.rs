//! One stanza, to be asked about: its attributes, its elements, its exact text. Elements
//! are kept in a list and not in a tree, so that depth is no danger to the tests.

use std::fmt;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// A stanza as it came over the wire.
#[derive(Clone)]
pub struct Stanza {
    xml: String,
    elements: Vec<Element>,
}

/// An element of it, at any depth.
#[derive(Clone, Debug)]
pub struct Element {
    /// Empty where it is that of the stream.
    pub namespace: String,
    /// Without a prefix.
    pub name: String,
    /// The text directly inside, all pieces of it.
    pub text: String,
    attributes: Vec<(String, String)>,
}

impl Stanza {
    /// Reads one; a stanza that is not well-formed fails the test.
    #[track_caller]
    pub fn parse(xml: String) -> Self {
        Self::try_parse(xml).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Reads one, or says what is wrong with it.
    pub fn try_parse(xml: String) -> Result<Self, String> {
        match elements(&xml) {
            Ok(elements) => Ok(Self { xml, elements }),
            Err(error) => Err(format!("{error} in {xml}")),
        }
    }

    /// The stanza exactly as it came.
    pub fn xml(&self) -> &str {
        &self.xml
    }

    /// `message`, `presence`, `iq`, or anything else a stream may hold.
    pub fn name(&self) -> &str {
        &self.elements[0].name
    }

    /// An attribute of the stanza itself, empty if it is not there.
    pub fn attr(&self, name: &str) -> &str {
        self.elements[0].attr(name)
    }

    /// Whether it is this kind of stanza with this `type`, empty for none.
    pub fn is(&self, name: &str, kind: &str) -> bool {
        self.name() == name && self.attr("type") == kind
    }

    /// All attributes of the stanza itself, sorted, but not `xmlns`.
    pub fn attributes(&self) -> Vec<(String, String)> {
        let mut attributes = self.elements[0].attributes.clone();
        attributes.sort();
        attributes
    }

    /// What is between its start and its end tag, to the byte.
    pub fn payload(&self) -> &str {
        let mut reader = NsReader::from_str(&self.xml);
        let start = reader.read_event();
        if !matches!(start, Ok(Event::Start(_))) {
            return "";
        }
        let from = usize::try_from(reader.buffer_position()).expect("it is in memory");
        let to = self.xml.rfind("</").expect("it has an end tag");
        &self.xml[from..to]
    }

    /// The first element of that name and namespace, at any depth.
    pub fn find(&self, namespace: &str, name: &str) -> Option<&Element> {
        self.all(namespace, name).next()
    }

    /// All elements of that name and namespace.
    pub fn all(&self, namespace: &str, name: &str) -> impl Iterator<Item = &Element> {
        self.elements
            .iter()
            .filter(move |element| element.namespace == namespace && element.name == name)
    }

    /// The text of the first body, empty if there is none.
    pub fn body(&self) -> &str {
        self.find("", "body").map_or("", |body| &body.text)
    }

    /// The condition if it is an error.
    pub fn error_condition(&self) -> Option<&str> {
        self.elements
            .iter()
            .find(|element| element.namespace == "urn:ietf:params:xml:ns:xmpp-stanzas")
            .map(|element| element.name.as_str())
    }
}

impl Element {
    /// An attribute, by its name as written, empty if it is not there.
    pub fn attr(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// Failing tests print stanzas, and some have a megabyte.
impl fmt::Debug for Stanza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.xml.char_indices().nth(1_000) {
            None => f.write_str(&self.xml),
            Some((end, _)) => write!(f, "{}… ({} bytes)", &self.xml[..end], self.xml.len()),
        }
    }
}

fn elements(xml: &str) -> quick_xml::Result<Vec<Element>> {
    let mut reader = NsReader::from_str(xml);
    // By default 128, fewer than one may send.
    reader.resolver_mut().set_max_namespace_bindings(usize::MAX);
    let mut elements: Vec<Element> = Vec::new();
    // Where in the list the elements that are still open are.
    let mut open = Vec::new();
    loop {
        let (namespace, event) = reader.read_resolved_event()?;
        let text = match event {
            Event::Start(tag) => {
                elements.push(element(&namespace, &tag)?);
                open.push(elements.len() - 1);
                continue;
            }
            Event::Empty(tag) => {
                elements.push(element(&namespace, &tag)?);
                continue;
            }
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Text(text) => text.xml10_content().into_owned(),
            Event::GeneralRef(reference) => match reference.resolve_char_ref()? {
                Some(character) => character.to_string(),
                None => quick_xml::escape::unescape(&format!("&{};", &*reference))?.into_owned(),
            },
            Event::Eof => return Ok(elements),
            _ => continue,
        };
        if let Some(&index) = open.last() {
            elements[index].text.push_str(&text);
        }
    }
}

fn element(namespace: &ResolveResult<'_>, tag: &BytesStart<'_>) -> quick_xml::Result<Element> {
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute?;
        if attribute.key.as_namespace_binding().is_none() {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
            attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
    }
    let namespace = match namespace {
        // jabberd2 declares the stream's namespace on every stanza.
        ResolveResult::Bound(uri) if uri.as_ref() != "jabber:client" => uri.as_ref(),
        _ => "",
    };
    Ok(Element {
        namespace: namespace.to_owned(),
        name: tag.local_name().as_ref().to_owned(),
        text: String::new(),
        attributes,
    })
}
