//! Where a token ends, however it trickles in. That is asked of a token that is not all there when it is
//! judged, and nothing else is asked of what is passed over. What has been searched in vain is not
//! searched again, however little comes at a time.

use memchr::{memchr, memchr3, memmem};

use crate::xml::error::Fault;

/// How a CDATA section begins.
pub const CDATA: &[u8] = b"<![CDATA[";

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// Character data up to the next `<`.
    Text,
    /// `<![CDATA[…]]>`
    CData,
    /// `<name …>` or `<name …/>`
    Start,
    /// `</name>`
    End,
}

/// Looks for the end of one token.
#[derive(Debug, Default)]
pub struct Framer {
    /// What it is, once that is known.
    token: Option<Token>,
    quote: Option<u8>,
    /// How far it has been searched.
    searched: usize,
}

impl Framer {
    /// What the token is that `s` begins with, and where it ends, if that is there. Otherwise the next
    /// call must come with the same bytes and more behind them.
    ///
    /// # Errors
    /// A comment, processing instruction or DTD (RFC 6120 §11.1).
    pub fn end(&mut self, s: &[u8]) -> Result<Option<(Token, usize)>, Fault> {
        if self.token.is_none() {
            self.token = begin(s)?;
        }
        let Some(token) = self.token else { return Ok(None) };
        let rest = s.get(self.searched..).unwrap_or_default();
        let found = match token {
            Token::Text => memchr(b'<', rest),
            Token::End => memchr(b'>', rest).map(|at| at + 1),
            Token::CData => memmem::find(rest, b"]]>").map(|at| at + 3),
            Token::Start => tag_end(rest, &mut self.quote),
        };
        if let Some(found) = found {
            let end = self.searched + found;
            *self = Self::default();
            return Ok(Some((token, end)));
        }
        // The end itself may have been cut in two.
        let kept = if token == Token::CData { 2 } else { 0 };
        self.searched = s.len().saturating_sub(kept).max(self.searched);
        Ok(None)
    }

    /// How many of `length` bytes that have been searched in vain need not come again.
    fn pass(&mut self, length: usize) -> usize {
        let kept = match self.token {
            None => length,
            Some(Token::Text | Token::End) => 0,
            Some(Token::Start) => 1, // It may be the slash of an empty element.
            Some(Token::CData) => 2,
        };
        let over = length.saturating_sub(kept);
        self.searched = self.searched.saturating_sub(over);
        over
    }
}

/// What the token is that begins so, if that is known by now.
fn begin(s: &[u8]) -> Result<Option<Token>, Fault> {
    Ok(Some(match s {
        [] | [b'<'] => return Ok(None),
        [b'<', b'/', ..] => Token::End,
        [b'<', b'!', ..] if s.starts_with(CDATA) => Token::CData,
        [b'<', b'!', ..] if CDATA.starts_with(s) => return Ok(None),
        [b'<', b'!' | b'?', ..] => return Err(Fault::RestrictedXml),
        [b'<', ..] => Token::Start,
        _ => Token::Text,
    }))
}

/// Where a tag ends, in which a `>` may stand in quotes. `quote` is the one that is open, before and
/// afterwards.
pub fn tag_end(s: &[u8], quote: &mut Option<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        at += 1 + match *quote {
            Some(quote) => memchr(quote, &s[at..])?,
            None => memchr3(b'>', b'\'', b'"', &s[at..])?,
        };
        *quote = match (*quote, s[at - 1]) {
            (Some(_), _) => None,
            (None, b'>') => return Some(at),
            (None, quote) => Some(quote),
        };
    }
}

/// Passes over the rest of an element, of any size.
#[derive(Debug)]
pub struct Skip {
    framer: Framer,
    depth: usize,
}

impl Skip {
    /// From the beginning of a token on, in an element with `depth` open ones, itself included.
    pub fn new(depth: usize) -> Self {
        Self { framer: Framer::default(), depth }
    }

    /// How much of `s` need not come again, and whether the element ends there.
    ///
    /// # Errors
    /// A comment, processing instruction or DTD; a tag with another in it.
    pub fn feed(&mut self, s: &[u8]) -> Result<(usize, bool), Fault> {
        let mut at = 0;
        while let Some((token, size)) = self.framer.end(&s[at..])? {
            let tag = &s[at..at + size];
            at += size;
            match token {
                Token::Start => {
                    holds_no_tag(tag)?;
                    self.depth += usize::from(!tag.ends_with(b"/>"));
                }
                Token::End => self.depth = self.depth.saturating_sub(1),
                Token::Text | Token::CData => continue,
            }
            if self.depth == 0 {
                return Ok((at, true));
            }
        }
        if self.framer.token == Some(Token::Start) {
            holds_no_tag(&s[at..])?;
        }
        Ok((at + self.framer.pass(s.len() - at), false))
    }
}

/// XML 1.0 §3.1: there is no `<` in a tag but at its beginning. Prosody 13.0.1 loses the rest of a stanza
/// over 4 MiB: all that it sends from then on would be taken for a part of the tag that was cut off.
fn holds_no_tag(tag: &[u8]) -> Result<(), Fault> {
    match memchr(b'<', tag.get(1..).unwrap_or_default()) {
        Some(_) => Err(Fault::NotWellFormed),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens of `input`, fed in pieces of that many bytes.
    fn tokens(input: &[u8], step: usize) -> Result<Vec<(Token, usize)>, Fault> {
        let (mut framer, mut from, mut seen) = (Framer::default(), 0, Vec::new());
        for end in (0..=input.len()).step_by(step).chain([input.len()]) {
            while let Some((token, size)) = framer.end(&input[from..end.max(from)])? {
                seen.push((token, size));
                from += size;
            }
        }
        Ok(seen)
    }

    #[test]
    fn tokens_are_the_same_however_they_are_cut() {
        let input = "<a b='>' c=\"'/>\">t&gt;ü<![CDATA[ ]]]] > ]]]>x<e/></a>tail".as_bytes();
        let whole = tokens(input, input.len()).unwrap();
        assert_eq!(whole.len(), 6, "text ends only where a tag begins: {whole:?}");
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
    fn what_is_passed_over_ends_where_it_would_have_ended_and_is_not_kept() {
        let input = b"x<b c='/>'/ ><d e=\">\"  />]]><![CDATA[</a>]]]></b></a>";
        for cuts in 1..input.len() {
            let (mut skip, mut from) = (Skip::new(1), 0);
            for end in (cuts..input.len()).step_by(cuts) {
                let (used, over) = skip.feed(&input[from..end]).unwrap();
                from += used;
                assert!(!over && end - from < CDATA.len(), "keeps {}", end - from);
            }
            let more = [&input[from..], b"<next>"].concat();
            let rest = input.len() - from;
            assert_eq!(skip.feed(&more), Ok((rest, true)), "in pieces of {cuts}");
        }
    }

    #[test]
    fn a_tag_that_was_cut_off_is_noticed_when_the_next_one_comes() {
        for cut_off in ["<x a='1", "<x a=\"1' ", "<x a", "<x", "<x a='1' "] {
            let input = format!("t<b/>{cut_off}<message to='e' id=\"1\"><body>x</body></message>");
            for step in 1..input.len() {
                let (mut skip, mut from, mut noticed) = (Skip::new(1), 0, false);
                for end in (step..input.len()).step_by(step).chain([input.len()]) {
                    match skip.feed(&input.as_bytes()[from..end]) {
                        Ok((used, over)) => {
                            assert!(!over, "{input}");
                            from += used;
                        }
                        Err(fault) => {
                            assert_eq!(fault, Fault::NotWellFormed);
                            let expected = input.find("<message").unwrap();
                            assert!((expected + 1..=expected + step).contains(&end), "{input}");
                            noticed = true;
                            break;
                        }
                    }
                }
                assert!(noticed, "{input} in pieces of {step}");
            }
        }
    }
}
