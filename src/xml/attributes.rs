//! That no attribute comes twice in a tag: by name (XML 1.0 §3.1), which is fatal, and by namespace
//! (Namespaces in XML §6.3), which is not.

use std::collections::HashSet;

use crate::xml::error::{BROKEN, Stop};
use crate::xml::namespaces::Bindings;
use crate::xml::tag::Attribute;

/// Up to so many attributes are compared each with each; more are hashed.
const FEW: usize = 12;

/// Compares all the attributes of a tag, and says whether they differ by namespace.
///
/// # Errors
/// If two have the same name.
pub fn all_differ(s: &[u8], attributes: &[Attribute], bindings: &Bindings) -> Result<bool, Stop> {
    if attributes.len() > FEW {
        return many_differ(s, attributes, bindings);
    }
    let mut differ = true;
    for (nth, a) in attributes.iter().enumerate() {
        for b in &attributes[..nth] {
            if a.name(s) == b.name(s) {
                return Err(BROKEN);
            }
            differ &= !(a.has_prefix()
                && b.has_prefix()
                && a.local_name(s) == b.local_name(s)
                && bindings.namespace(s, a) == bindings.namespace(s, b));
        }
    }
    Ok(differ)
}

fn many_differ(s: &[u8], attributes: &[Attribute], bindings: &Bindings) -> Result<bool, Stop> {
    let mut names = HashSet::with_capacity(attributes.len());
    if !attributes.iter().all(|it| names.insert(it.name(s))) {
        return Err(BROKEN);
    }
    let mut expanded = HashSet::new();
    let mut prefixed = attributes.iter().filter(|it| it.has_prefix());
    Ok(prefixed.all(|it| expanded.insert((bindings.namespace(s, it), it.local_name(s)))))
}
