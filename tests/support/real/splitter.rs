//! Cuts the bytes of an XML stream into its stanzas, however they were cut into packets.
//! Judges nothing: it looks for `<`, `>` and quotes only, as no server sends comments or
//! CDATA, and hands the text on as it came.

/// What comes next in a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// The start tag of the stream itself.
    Header,
    /// A whole element at the first level.
    Stanza(String),
    /// The end tag of the stream.
    Footer,
}

/// The bytes not yet handed on, and how far they were looked at.
#[derive(Default)]
pub struct Splitter {
    buffer: Vec<u8>,
    looked_at: usize,
    tag_start: Option<usize>,
    quote: Option<u8>,
    depth: usize,
    stanza_start: usize,
}

impl Splitter {
    /// Takes what one read brought.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole piece, if it is all there.
    pub fn next_piece(&mut self) -> Option<Piece> {
        while let Some(&byte) = self.buffer.get(self.looked_at) {
            self.looked_at += 1;
            match (self.tag_start, self.quote) {
                (None, _) if byte == b'<' => self.tag_start = Some(self.looked_at - 1),
                (Some(_), Some(quote)) if byte == quote => self.quote = None,
                (Some(_), None) if byte == b'"' || byte == b'\'' => self.quote = Some(byte),
                (Some(start), None) if byte == b'>' => {
                    self.tag_start = None;
                    if let Some(piece) = self.tag(start) {
                        return Some(piece);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Counts a tag that has just ended in, and says what it completes.
    fn tag(&mut self, start: usize) -> Option<Piece> {
        let tag = &self.buffer[start..self.looked_at];
        let is_end = tag.starts_with(b"</");
        let is_empty = tag.ends_with(b"/>");
        if tag.starts_with(b"<?") {
            return None;
        }
        if is_end {
            self.depth -= 1;
        } else {
            if self.depth == 1 {
                self.stanza_start = start;
            }
            self.depth += usize::from(!is_empty);
        }
        match self.depth {
            0 => Some(Piece::Footer),
            1 if is_end || is_empty => Some(Piece::Stanza(self.cut())),
            1 => Some(Piece::Header),
            _ => None,
        }
    }

    /// Takes the stanza that ends here off the buffer.
    fn cut(&mut self) -> String {
        let rest = self.buffer.split_off(self.looked_at);
        let stanza = self.buffer.split_off(self.stanza_start);
        self.buffer = rest;
        self.looked_at = 0;
        String::from_utf8(stanza).expect("streams are UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str =
        "<?xml version='1.0'?><s:stream a='>'>\n<a b=\"/>'\"><b/>ü</a> <c/></s:stream>";

    fn pieces(splitter: &mut Splitter) -> Vec<Piece> {
        std::iter::from_fn(|| splitter.next_piece()).collect()
    }

    #[test]
    fn a_stream_read_byte_by_byte_falls_into_the_same_pieces() {
        let mut splitter = Splitter::default();
        splitter.feed(STREAM.as_bytes());
        let whole = pieces(&mut splitter);
        let stanza = |xml: &str| Piece::Stanza(xml.to_owned());
        assert_eq!(
            whole,
            [Piece::Header, stanza("<a b=\"/>'\"><b/>ü</a>"), stanza("<c/>"), Piece::Footer]
        );

        let mut splitter = Splitter::default();
        let mut cut = Vec::new();
        for byte in STREAM.bytes() {
            splitter.feed(&[byte]);
            cut.append(&mut pieces(&mut splitter));
        }
        assert_eq!(cut, whole);
    }
}
