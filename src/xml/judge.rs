//! Whether an element stands on its own, so that it may be moved from one stream to another: every end
//! tag matches, every prefix is declared in it (but those that every stream declares), every name,
//! value and text is what XML 1.0 allows.
//!
//! One straight pass over a slice that begins with the element; what is remembered is places in it. Where
//! it ends too soon, the pass goes on from the last whole token when there is more. That a token is not
//! all there is no other error than that it is broken: the framer knows which it is.

use std::ops::Range;

use memchr::{memchr, memmem};

use crate::xml::attributes::{Usual, place};
use crate::xml::error::Fault::{self, NotWellFormed};
use crate::xml::frame::{CDATA, tag_end};
use crate::xml::names::name;
use crate::xml::namespaces::Bindings;
use crate::xml::notes::{ExpandedName, Notes};
use crate::xml::scan::{NAME, START, is, plain_text, run, same};
use crate::xml::tag::{SHORT_TAG, Tag, close, odd_end_tag};
use crate::xml::text;

/// Room for so many open elements is kept from element to element.
const KEPT: usize = 1 << 14;

#[derive(Debug, Clone, Copy)]
struct Open {
    name: u32,
    name_end: u32,
    /// How many prefixes were declared outside it.
    declared: u32,
}

/// The judge of one element after another.
#[derive(Debug, Default)]
pub struct Judge {
    open: Vec<Open>,
    /// The prefixes that are declared at this place.
    pub bindings: Bindings,
    /// The element's own start tag.
    pub head: Tag,
    /// The start tag that was taken apart last.
    tag: Tag,
    /// Children of the element that are noted.
    pub notes: Notes,
    /// Up to here all is whole and has been judged.
    pub at: usize,
    /// Whether all so far may be sent on.
    pub fit: bool,
    /// Whether texts and attributes are looked at. Names and end tags always are. Off where nothing is sent
    /// on: the element is not fit, or whoever reads it wants no more of it than its end.
    pub strict: bool,
    /// How deep it has been.
    pub deepest: usize,
    /// So many bytes must be there from the element's beginning, blanks behind it included, for each tag
    /// that is not short to have as many bytes behind it as it has itself. See the outbox's `pad`.
    pub reach: usize,
    /// Where the element's own end tag begins, or where it ends if it has none.
    pub content_end: usize,
}

impl Judge {
    /// Children of elements that have these `names` and an `id` are noted.
    pub fn new(names: &'static [ExpandedName]) -> Self {
        Self { notes: Notes::new(names), ..Self::default() }
    }

    /// Forgets the element before, and gives back what it took if that was unusual.
    fn forget(&mut self) {
        self.open.clear();
        self.open.shrink_to(KEPT);
        self.head.forget();
        self.tag.forget();
        self.bindings.forget();
        self.notes.forget();
        (self.at, self.deepest, self.reach, self.fit, self.strict) = (0, 0, 0, true, true);
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Takes in the start tag of another element.
    ///
    /// # Errors
    /// What is wrong with the token at hand; `NotWellFormed`, too, if it is only not all there.
    pub fn begin(&mut self, s: &[u8]) -> Result<(), Fault> {
        self.forget();
        let (name_end, local) = if s.starts_with(b"<message ") { (8, 1) } else { name(s, 1)? };
        let fit = self.head.read(s, (1, local, name_end), &mut self.bindings)?;
        self.mark(fit);
        self.judged(0, self.head.end);
        self.content_end = self.at;
        if !self.head.is_empty {
            self.push(1..name_end, 0);
        }
        Ok(())
    }

    /// Goes on to the element's end.
    ///
    /// # Errors
    /// What is wrong with the token at hand; `NotWellFormed`, too, if it is only not all there.
    pub fn go_on(&mut self, s: &[u8]) -> Result<(), Fault> {
        while !self.open.is_empty() {
            let at = self.text(s)?;
            match *s.get(at + 1).ok_or(NotWellFormed)? {
                b'/' => self.end_tag(s, at)?,
                b'!' => self.section(s, at)?,
                _ if self.usual_tag(s, at + 1) => {}
                _ => self.odd_tag(s, at + 1)?,
            }
        }
        Ok(())
    }

    /// The tag between these places has been judged.
    #[inline]
    fn judged(&mut self, start: usize, end: usize) {
        self.at = end;
        if end - start >= SHORT_TAG {
            self.reach = self.reach.max(end + (end - start));
        }
    }

    /// Where the text ends that may stand here.
    #[inline]
    fn text(&mut self, s: &[u8]) -> Result<usize, Fault> {
        if s.get(self.at) == Some(&b'<') {
            return Ok(self.at);
        }
        let mut at = plain_text(s, self.at);
        if *s.get(at).ok_or(NotWellFormed)? != b'<' {
            at = self.odd_text(s, at)?;
        }
        self.at = at;
        Ok(at)
    }

    #[inline(never)]
    fn odd_text(&mut self, s: &[u8], odd: usize) -> Result<usize, Fault> {
        let mut at = odd;
        while let Some((_, length)) = text::entity(&s[at..]) {
            at = plain_text(s, at + length);
        }
        let end = at + memchr(b'<', &s[at..]).ok_or(NotWellFormed)?;
        if self.strict {
            self.mark(text::text(&s[at..end])?);
        }
        Ok(end)
    }

    #[inline]
    fn end_tag(&mut self, s: &[u8], at: usize) -> Result<(), Fault> {
        let element = *self.open.last().ok_or(NotWellFormed)?;
        let (name, length) = (element.name as usize, (element.name_end - element.name) as usize);
        let end = at + 2 + length;
        let end = if s.get(end) == Some(&b'>') && same(s, name, at + 2, length) {
            end + 1
        } else {
            odd_end_tag(s, at, &s[name..name + length])?
        };
        self.open.pop();
        self.bindings.go_back(element.declared as usize, s);
        self.content_end = at;
        self.judged(at, end);
        Ok(())
    }

    /// Takes in a start tag as nearly all are, and says whether it is one: its name has no prefix, and its
    /// attributes are usual.
    #[inline]
    fn usual_tag(&mut self, s: &[u8], start: usize) -> bool {
        let name_end = run(s, start, NAME);
        if !is(s[start], START) {
            return false;
        }
        let at = self.tag.read_usual(s, name_end);
        let Some((end, is_empty)) = close(s, at) else { return false };
        if self.depth() == 1 && self.tag.get(Usual::Id).is_some() {
            self.note_child(s, None, &s[start..name_end]);
        }
        if !is_empty {
            self.push(start..name_end, self.bindings.count());
        }
        self.judged(start - 1, end);
        true
    }

    /// Takes in any other start tag.
    #[inline(never)]
    fn odd_tag(&mut self, s: &[u8], start: usize) -> Result<(), Fault> {
        let (name_end, local) = name(s, start)?;
        if !self.strict {
            return self.skim(s, start, name_end);
        }
        let declared = self.bindings.count();
        let fit = self.tag.read(s, (start, local, name_end), &mut self.bindings)?;
        self.mark(fit);
        if self.depth() == 1 {
            self.note_child(s, self.tag.prefix(s), &s[local..name_end]);
        }
        if self.tag.is_empty {
            self.bindings.go_back(declared, s);
        } else {
            self.push(start..name_end, declared);
        }
        self.judged(start - 1, self.tag.end);
        Ok(())
    }

    /// Notes the child whose tag was taken apart last and has that name, if it is to be noted.
    #[inline(never)]
    fn note_child(&mut self, s: &[u8], prefix: Option<&[u8]>, local: &[u8]) {
        let namespace = match prefix {
            Some(prefix) => self.bindings.declaration(s, prefix),
            None => self.tag.get(Usual::Xmlns).or(self.head.get(Usual::Xmlns)),
        };
        self.notes.note(s, &self.tag, local, namespace);
    }

    /// Looks for no more than the end of a start tag.
    #[cold]
    fn skim(&mut self, s: &[u8], start: usize, name_end: usize) -> Result<(), Fault> {
        let end = name_end + tag_end(&s[name_end..], &mut None).ok_or(NotWellFormed)?;
        if s[name_end] == b'=' {
            return Err(NotWellFormed);
        }
        if !s[..end].ends_with(b"/>") {
            self.push(start..name_end, self.bindings.count());
        }
        self.judged(start - 1, end);
        Ok(())
    }

    #[inline]
    fn push(&mut self, name: Range<usize>, declared: usize) {
        let [name, name_end, declared] = [name.start, name.end, declared].map(place);
        self.open.push(Open { name, name_end, declared });
        self.deepest = self.deepest.max(self.open.len());
    }

    #[cold]
    fn section(&mut self, s: &[u8], at: usize) -> Result<(), Fault> {
        let inside = s[at..].strip_prefix(CDATA).ok_or(NotWellFormed)?;
        let length = memmem::find(inside, b"]]>").ok_or(NotWellFormed)?;
        if self.strict {
            self.mark(text::characters(&inside[..length])?);
        }
        self.at = at + CDATA.len() + length + 3;
        Ok(())
    }

    /// Decides for what is there by now whether it may be sent on.
    pub fn decide(&mut self, fit: bool) {
        (self.fit, self.strict) = (fit, fit);
    }

    #[inline]
    fn mark(&mut self, fit: bool) {
        self.fit &= fit;
        self.strict &= fit;
    }
}
