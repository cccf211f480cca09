//! Cuts the bytes of an XML stream into whole tokens, whatever pieces they arrive in.
//!
//! The searching is quick-xml's and memchr's, but for tags as servers usually write them, whose end
//! is found as they are taken apart. Nothing is checked here beyond that, and nothing is copied. How
//! far an unfinished token has been searched is kept, so that a token that trickles in costs linear
//! time.

use memchr::{memchr, memmem};
use quick_xml::parser::{ElementParser, Parser};

use crate::xml::error::Fault;
use crate::xml::tag::{self, Tag};
use crate::xml::text::{Flaw, NAME, run};

/// The longest token that is worth waiting for, in bytes, if no longer stanza may be sent. Users' are
/// limited to far less, but servers may write a namespace out again for each attribute in it.
pub const LONGEST: usize = 8 << 20;

const CDATA: &[u8] = b"<![CDATA[";
const CDATA_END: &[u8] = b"]]>";

/// A whole token, with its delimiters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// Character data up to the next `<`.
    Text(&'a [u8]),
    /// `<![CDATA[…]]>`
    CData(&'a [u8]),
    /// `<name …>` or `<name …/>`
    Start(&'a [u8]),
    /// `</name>`
    End(&'a [u8]),
    /// The end of a token that was passed over.
    Rest(&'a [u8]),
}

impl Token<'_> {
    /// How many bytes of input the token is.
    pub fn size(&self) -> usize {
        self.bytes().len()
    }

    /// The token as it stands.
    pub fn bytes(&self) -> &[u8] {
        let (Self::Text(bytes)
        | Self::CData(bytes)
        | Self::Start(bytes)
        | Self::End(bytes)
        | Self::Rest(bytes)) = self;
        bytes
    }
}

/// What a token is, before all of it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// Character data.
    Text,
    /// A CDATA section.
    CData,
    /// A start tag whose name is all there.
    Start,
    /// An end tag, or too little to tell.
    Other,
}

/// Finds the ends of tokens, and takes start tags apart.
#[derive(Debug, Default)]
pub struct Tokenizer {
    /// How far the unfinished token has been searched for its end.
    searched: usize,
    /// How far for the end of its name.
    named: usize,
    quotes: ElementParser,
    /// The token whose beginning has been passed over, if there is one.
    passed: Option<Begun>,
    /// The start tag that was found last, once it is taken apart.
    pub tag: Tag,
    /// Whether it is already.
    apart: bool,
}

impl Tokenizer {
    /// The token at the start of `input`, or `None` if it is not there to its end. Then the next
    /// call must come with the same bytes and more behind them, but for those that are passed over.
    ///
    /// # Errors
    /// A comment, processing instruction or DTD (RFC 6120 §11.1).
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<Option<Token<'a>>, Fault> {
        let token = match input {
            _ if self.passed.is_some() => self.rest(input).map(Token::Rest),
            [] | [b'<'] => None,
            [b'<', b'/', ..] => self.end(input).map(Token::End),
            [b'<', b'!', ..] if input.starts_with(CDATA) => self.cdata(input).map(Token::CData),
            [b'<', b'!', ..] if CDATA.starts_with(input) => None,
            [b'<', b'!' | b'?', ..] => return Err(Fault::RestrictedXml),
            [b'<', ..] => self.start(input).map(Token::Start),
            _ => self.until(input, b'<', 0).map(Token::Text),
        };
        if token.is_some() {
            (self.searched, self.named) = (0, 0);
        }
        Ok(token)
    }

    /// What the unfinished token at the start of `input` is.
    pub fn begun(&mut self, input: &[u8]) -> Begun {
        match (self.passed, input) {
            (Some(begun), _) => begun,
            (_, [b'<', b'!', ..]) if input.starts_with(CDATA) => Begun::CData,
            (_, [] | [b'<'] | [b'<', b'/' | b'!' | b'?', ..]) => Begun::Other,
            (_, [b'<', ..]) if self.is_named(input) => Begun::Start,
            (_, [b'<', ..]) => Begun::Other,
            _ => Begun::Text,
        }
    }

    fn is_named(&mut self, tag: &[u8]) -> bool {
        let from = self.named.max(1);
        let end = tag[from..].iter().position(|&byte| tag::ends_name(byte));
        self.named = end.map_or(tag.len(), |at| from + at);
        end.is_some()
    }

    /// Whether the beginning of the unfinished token has been passed over.
    pub fn is_passing(&self) -> bool {
        self.passed.is_some()
    }

    /// Passes over what there is of the unfinished token, for which [`next`](Self::next) has just
    /// looked in vain: says how many bytes of `input` need not come again. Its end will come as
    /// [`Token::Rest`], but that of text, of which any piece is text.
    pub fn pass(&mut self, input: &[u8]) -> usize {
        let begun = self.begun(input);
        // What may belong to its end.
        let kept = match begun {
            Begun::Text => {
                self.searched = 0;
                return input.len();
            }
            Begun::CData => CDATA_END.len() - 1,
            Begun::Start => 1,
            Begun::Other => return 0,
        };
        self.passed = Some(begun);
        let over = input.len().saturating_sub(kept);
        self.searched -= over;
        over
    }

    /// Takes apart the start tag that was found last, which is `bytes`.
    ///
    /// # Errors
    /// See [`Tag::parse`].
    pub fn take_apart(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        if self.apart { Ok(()) } else { self.tag.parse(bytes) }
    }

    /// Up to the next `end`, and `more` bytes behind the place where that stands.
    fn until<'a>(&mut self, input: &'a [u8], end: u8, more: usize) -> Option<&'a [u8]> {
        let found = memchr(end, &input[self.searched..]).map(|at| self.searched + at + more);
        self.searched = input.len();
        Some(&input[..found?])
    }

    fn end<'a>(&mut self, input: &'a [u8]) -> Option<&'a [u8]> {
        if self.searched == 0 {
            let end = run(input, 2, NAME);
            if input.get(end) == Some(&b'>') {
                return Some(&input[..=end]);
            }
        }
        self.until(input, b'>', 1)
    }

    fn cdata<'a>(&mut self, input: &'a [u8]) -> Option<&'a [u8]> {
        self.searched = self.searched.max(CDATA.len());
        self.cdata_end(input)
    }

    fn cdata_end<'a>(&mut self, input: &'a [u8]) -> Option<&'a [u8]> {
        let from = self.searched;
        let found = memmem::find(&input[from..], CDATA_END).map(|at| from + at + CDATA_END.len());
        // The end itself may have been cut in two.
        self.searched = input.len().saturating_sub(CDATA_END.len() - 1).max(from);
        Some(&input[..found?])
    }

    fn start<'a>(&mut self, input: &'a [u8]) -> Option<&'a [u8]> {
        if self.searched == 0 {
            let usual = self.tag.read(input);
            self.apart = usual.is_some();
            if let Some(size) = usual {
                return Some(&input[..size]);
            }
            self.quotes = ElementParser::default();
        }
        self.start_end(input)
    }

    fn start_end<'a>(&mut self, input: &'a [u8]) -> Option<&'a [u8]> {
        let found = self.quotes.feed(&input[self.searched..]).map(|at| self.searched + at + 1);
        self.searched = input.len();
        Some(&input[..found?])
    }

    #[cold]
    fn rest<'a>(&mut self, input: &'a [u8]) -> Option<&'a [u8]> {
        let rest = match self.passed {
            Some(Begun::CData) => self.cdata_end(input),
            _ => self.start_end(input),
        };
        self.passed = self.passed.filter(|_| rest.is_none());
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` in two pieces cut at every place, and one byte at a time.
    fn tokens(input: &[u8], step: usize) -> Result<Vec<String>, Fault> {
        let (mut tokenizer, mut from, mut seen) = (Tokenizer::default(), 0, Vec::new());
        for end in (0..=input.len()).step_by(step).chain([input.len()]) {
            while let Some(token) = tokenizer.next(&input[from..end.max(from)])? {
                seen.push(format!("{:?} {}", std::mem::discriminant(&token), token.size()));
                from += token.size();
            }
        }
        seen.push(format!("{} left", input.len() - from));
        Ok(seen)
    }

    #[test]
    fn tokens_are_the_same_however_they_are_cut() {
        let input = "<a b='>' c=\"'/>\">t&gt;ü<![CDATA[ ]]]] > ]]]>x<e/></a>tail".as_bytes();
        let whole = tokens(input, input.len()).unwrap();
        assert_eq!(whole.len(), 7, "{whole:?}");
        assert_eq!(whole.last().unwrap(), "4 left", "text ends only where a tag begins");
        for step in 1..input.len() {
            assert_eq!(tokens(input, step).unwrap(), whole, "step {step}");
        }
    }

    #[test]
    fn comments_instructions_and_dtds_are_restricted() {
        for input in ["<!-- x -->", "<!DOCTYPE x>", "<?xml version='1.0'?>", "<!x", "<![CDATX"] {
            assert_eq!(tokens(input.as_bytes(), 1), Err(Fault::RestrictedXml), "{input}");
        }
    }

    #[test]
    fn what_is_passed_over_ends_where_it_would_have_ended() {
        for (token, passed, rest) in [
            ("<a b='>' c=\"'/>\" d='1'>", 3, ">"),
            ("<a b='>' c=\"'/>\"  />", 3, "/>"),
            ("<a/ >", 3, ">"),
            ("<![CDATA[ ]]]] > ]]]>", 9, "]]>"),
        ] {
            for cut in passed..token.len() {
                let (mut tokenizer, mut from) = (Tokenizer::default(), 0);
                for end in cut..token.len() {
                    let input = &token.as_bytes()[from..end];
                    assert_eq!(tokenizer.next(input), Ok(None), "{token}");
                    from += tokenizer.pass(input);
                    assert!(end - from <= 2, "{token} keeps {}", end - from);
                }
                let input = [&token.as_bytes()[from..], b"<next>"].concat();
                let found = tokenizer.next(&input).unwrap().unwrap();
                let Token::Rest(bytes) = found else { panic!("{found:?}") };
                assert!(bytes.ends_with(rest.as_bytes()), "{token} ends in {bytes:?}");
                let next = &input[found.size()..];
                assert_eq!(tokenizer.next(next), Ok(Some(Token::Start(b"<next>"))), "{token}");
            }
        }
    }

    #[test]
    fn text_may_be_passed_over_and_what_is_not_known_yet_may_not() {
        for (input, passed) in
            [("text", 4), ("<", 0), ("</a", 0), ("<![CDATA", 0), ("<name", 0), ("<name ", 5)]
        {
            let mut tokenizer = Tokenizer::default();
            assert_eq!(tokenizer.next(input.as_bytes()), Ok(None));
            assert_eq!(tokenizer.pass(input.as_bytes()), passed, "{input}");
        }
    }
}
