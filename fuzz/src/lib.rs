//! What the fuzz targets share: the component driven by hand, and other parsers' view of XML.
//!
//! The parsers are roxmltree, which has no code in common with the component, and rxml under
//! minidom, whose validation of characters the component uses.

#![forbid(unsafe_code)]

pub mod document;
pub mod drive;
pub mod judge;
