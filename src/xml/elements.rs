//! The elements of a stream, one after the other, each whole in one slice and judged.
//!
//! A stream's parser would keep half a token; here the bytes come again until they are whole. An
//! element is judged in the buffer as it is. Only where that runs out, the framer waits for the end of
//! one token, and the judge goes on from there. An element that is larger than the caller wants is
//! said to be so at once, and its rest is passed over, whatever its size, in constant memory.

use crate::xml::error::Fault::{self, NotWellFormed};
use crate::xml::frame::{Framer, Skip, Token};
use crate::xml::judge::Judge;
use crate::xml::names::name;
use crate::xml::notes::ExpandedName;
use crate::xml::scan::{BLANK, run};
use crate::xml::text;

/// The longest token between elements that is waited for, in bytes, if elements may not be longer.
const MOST_BETWEEN: usize = 8 << 20;

/// What comes next in the input, where the step says that it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing that is whole.
    Hungry,
    /// An element, whose start tag is the judge's `head`. [`Elements::expect`] says how to go on.
    Start,
    /// The element that has so many bytes, all of it.
    Whole(usize),
    /// An element that is too large.
    TooLarge {
        /// So many bytes of it have been judged; what is behind them will be passed over.
        judged: usize,
        /// So many have been looked at.
        seen: usize,
    },
    /// The end tag of the stream, which has so many bytes.
    Footer(usize),
}

/// How far the elements of one stream have been read.
#[derive(Debug, Default)]
pub struct Elements {
    /// Of the element that has begun.
    pub judge: Judge,
    begun: bool,
    /// Set while a token is waited for.
    waiting: Option<Framer>,
    between: Framer,
    skip: Option<Skip>,
    limit: usize,
    /// So many bytes of the element are looked at, and no more.
    window: usize,
}

impl Elements {
    /// Start tags over `limit` bytes are too large. Children with these `names` are noted, see
    /// [`Judge::new`].
    pub fn new(limit: usize, names: &'static [ExpandedName]) -> Self {
        Self { judge: Judge::new(names), limit, window: limit, ..Self::default() }
    }

    /// The element that has begun is too large if it has more than `most` bytes. Unless it is to be
    /// `strict`, its texts and attributes are not looked at.
    pub fn expect(&mut self, most: usize, strict: bool) {
        self.window = most;
        self.judge.strict &= strict;
    }

    /// Whether the rest of an element that is too large is passed over.
    pub fn is_passing_over(&self) -> bool {
        self.skip.is_some()
    }

    /// Goes on to the next step, and says how many bytes of `input` are behind us then. What is left
    /// must come again, with more behind it.
    ///
    /// # Errors
    /// What ends the stream; there must be no call after it.
    pub fn next(&mut self, input: &[u8]) -> Result<(usize, Step), Fault> {
        let (used, step) =
            if self.begun || self.waiting.is_some() { (0, None) } else { self.seek(input)? };
        match step {
            Some(step) => Ok((used, step)),
            None => Ok((used, self.element(&input[used..])?)),
        }
    }

    /// Goes on to the beginning of an element, or to what comes instead of it.
    #[inline]
    fn seek(&mut self, input: &[u8]) -> Result<(usize, Option<Step>), Fault> {
        let mut used = 0;
        if let Some(skip) = &mut self.skip {
            let over;
            (used, over) = skip.feed(input)?;
            if !over {
                return Ok((used, Some(Step::Hungry)));
            }
            self.skip = None;
        }
        loop {
            // RFC 6120 §4.6.1: white space between stanzas keeps connections alive.
            used = run(input, used, BLANK);
            match input[used..] {
                [] => return Ok((used, Some(Step::Hungry))),
                [b'<', next, ..] if !matches!(next, b'/' | b'!' | b'?') => return Ok((used, None)),
                _ => match self.between(&input[used..])? {
                    (0, _) => return Ok((used, Some(Step::Hungry))),
                    (size, false) => used += size,
                    (size, true) => return Ok((used, Some(Step::Footer(size)))),
                },
            }
        }
    }

    /// Goes on with the element that `s` begins with.
    fn element(&mut self, s: &[u8]) -> Result<Step, Fault> {
        let seen = &s[..s.len().min(self.window)];
        let is_large = s.len() > self.window;
        if let Some(framer) = &mut self.waiting {
            if framer.end(seen.get(self.judge.at..).unwrap_or_default())?.is_none() {
                return Ok(if is_large { self.too_large() } else { Step::Hungry });
            }
            self.waiting = None;
        }
        let fault = match self.step(seen) {
            Ok(step) => return Ok(step),
            Err(fault) => fault,
        };
        // Where it is cut must make no difference: even what is broken is waited for.
        let mut framer = Framer::default();
        match framer.end(seen.get(self.judge.at..).unwrap_or_default())? {
            Some(_) => Err(fault),
            None if is_large => Ok(self.too_large()),
            None => {
                self.waiting = Some(framer);
                Ok(Step::Hungry)
            }
        }
    }

    #[inline]
    fn step(&mut self, seen: &[u8]) -> Result<Step, Fault> {
        if !self.begun {
            self.judge.begin(seen)?;
            self.begun = true;
            return Ok(Step::Start);
        }
        self.judge.go_on(seen)?;
        if self.judge.at > seen.len() {
            // An empty element: its start tag is all of it, and over what has been allowed since.
            return Err(NotWellFormed);
        }
        self.begun = false;
        self.window = self.limit;
        Ok(Step::Whole(self.judge.at))
    }

    #[cold]
    fn too_large(&mut self) -> Step {
        let (judged, depth) = (self.judge.at, self.judge.depth());
        let seen = judged.max(self.window);
        // It may be an empty element, and then its start tag is all there is.
        let is_over = std::mem::take(&mut self.begun) && depth == 0;
        self.skip = (!is_over).then(|| Skip::new(depth));
        self.waiting = None;
        self.window = self.limit;
        Step::TooLarge { judged, seen }
    }

    /// What stands between elements means nothing, but what is wrong with it can be told to nobody but
    /// the server. Says how long it is, none if it is not whole, and whether it is the stream's footer.
    #[cold]
    fn between(&mut self, s: &[u8]) -> Result<(usize, bool), Fault> {
        let token = self.between.end(s)?;
        let size = token.map_or(s.len(), |(_, size)| size);
        if size > self.limit.max(MOST_BETWEEN) {
            return Err(Fault::PolicyViolation);
        }
        let checked = match token.map(|(token, size)| (token, &s[..size])) {
            None => return Ok((0, false)),
            Some((Token::Text, text)) => text::text(text),
            Some((Token::CData, section)) => text::characters(section),
            Some((_, tag)) => {
                // The server's stream header may have named the stream's namespace as it liked.
                let is_footer = name(tag, 2).is_ok_and(|(end, local)| {
                    tag[local..end] == *b"stream" && run(tag, end, BLANK) == size - 1
                });
                return if is_footer { Ok((size, true)) } else { Err(NotWellFormed) };
            }
        };
        if checked? { Ok((size, false)) } else { Err(NotWellFormed) }
    }
}
