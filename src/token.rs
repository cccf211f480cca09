//! Cuts the bytes of an XML stream into whole tokens, whatever pieces they arrive in.
//!
//! The searching is quick-xml's and memchr's, but for tags as servers usually write them, whose end
//! is found as they are taken apart. Nothing is checked here beyond that, and nothing is copied. How
//! far an unfinished token has been searched is kept, so that a token that trickles in costs linear
//! time.

use memchr::{memchr, memmem};
use quick_xml::parser::{ElementParser, Parser};

use crate::fault::Fault;
use crate::tag::Tag;
use crate::wellformed::{Flaw, NAME, run};

/// The longest token we wait for, in bytes. Servers limit stanzas to far less; this one keeps
/// memory bounded against a server that does not.
pub const LONGEST: usize = 16 << 20;

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
}

impl Token<'_> {
    /// How many bytes of input the token is.
    pub fn size(&self) -> usize {
        let (Self::Text(bytes) | Self::CData(bytes) | Self::Start(bytes) | Self::End(bytes)) = self;
        bytes.len()
    }
}

/// Where the search for the end of an unfinished token goes on.
#[derive(Debug, Default)]
pub struct Tokenizer {
    searched: usize,
    quotes: ElementParser,
    /// The start tag that was found last, once it is taken apart.
    pub tag: Tag,
    /// Whether it is already.
    apart: bool,
}

impl Tokenizer {
    /// The token at the start of `input`, or `None` if it is not there to its end. Then the next
    /// call must come with the same bytes and more behind them.
    ///
    /// # Errors
    /// A comment, processing instruction or DTD (RFC 6120 §11.1), or a token over 16 MiB.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<Option<Token<'a>>, Fault> {
        let token = match input {
            [] | [b'<'] => None,
            [b'<', b'/', ..] => self.end(input).map(Token::End),
            [b'<', b'!', ..] if input.starts_with(CDATA) => self.cdata(input).map(Token::CData),
            [b'<', b'!', ..] if CDATA.starts_with(input) => None,
            [b'<', b'!' | b'?', ..] => return Err(Fault::RestrictedXml),
            [b'<', ..] => self.start(input).map(Token::Start),
            _ => self.until(input, b'<', 0).map(Token::Text),
        };
        // The same for a token that is all there, so that it does not matter how the input is cut.
        if token.map_or(input.len(), |token| token.size()) > LONGEST {
            return Err(Fault::PolicyViolation);
        }
        if token.is_some() {
            self.searched = 0;
        }
        Ok(token)
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
        let from = self.searched.max(CDATA.len());
        let found = memmem::find(&input[from..], CDATA_END).map(|at| from + at + CDATA_END.len());
        // The end itself may have been cut in two.
        self.searched = input.len() - (CDATA_END.len() - 1);
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
        let found = self.quotes.feed(&input[self.searched..]).map(|at| self.searched + at + 1);
        self.searched = input.len();
        Some(&input[..found?])
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
    fn a_token_without_end_is_given_up() {
        let endless = vec![b'a'; LONGEST + 1];
        assert_eq!(Tokenizer::default().next(&endless), Err(Fault::PolicyViolation));
        assert_eq!(Tokenizer::default().next(&endless[1..]), Ok(None));
        let whole = [&endless[..], b"<"].concat();
        assert_eq!(Tokenizer::default().next(&whole), Err(Fault::PolicyViolation));
    }
}
