"""Whether a real expat holds back anything of what a component sends.

Reads pieces of its stream from standard input, with a NUL between them. Each is given to a parser in
two parts, cut at every byte, and in parts as large as servers read at once. Nothing comes behind it,
and all its stanzas must have ended. Only where a short tag at its end is cut, which may wait for the next
stanza, a few bytes come behind it. The same without its blanks must be held back somewhere, or this
expat does not do so at all (before 2.6), and nothing would be proved. Not each: expat does go on where its
buffer is nearly full.
"""

import sys
from xml.parsers import expat

HEADER = (
    b"<stream:stream xmlns='jabber:component:accept' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)
# Of someone at another machine, of jabberd2 and of Prosody.
READS = (1448, 1000, 8192)
# What a tag has at most that may wait.
SHORT = 240
# Larger ones take too long for a cut at every byte.
MOST_CUT_EVERYWHERE = 40_000


def ended(parts):
    """How many stanzas have ended by the time all parts are in."""
    depth = ends = 0

    def start(_name, _attributes):
        nonlocal depth
        depth += 1

    def end(_name):
        nonlocal depth, ends
        depth -= 1
        ends += depth == 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(HEADER)
    for part in parts:
        parser.Parse(part)
    return ends


def cuts(sent):
    """All the ways in which a piece is cut, each with its name."""
    step = 1 if len(sent) <= MOST_CUT_EVERYWHERE else 1009
    for at in range(1, len(sent), step):
        yield f"cut at {at}", (sent[:at], sent[at:])
    for size in READS:
        for first in range(step, size + 1, 7 * step):
            rest = range(first, len(sent), size)
            parts = [sent[:first], *(sent[at : at + size] for at in rest)]
            yield f"read by {size} bytes, first {first}", parts


def main():
    padded = needed = tried = 0
    for sent in sys.stdin.buffer.read().split(b"\0"):
        stanzas = ended([sent, b" " * 2 * len(sent)])
        assert stanzas, sent[:200]
        bare = sent.rstrip(b" ")
        for how, parts in cuts(sent):
            if sent == bare and len(parts[-1]) < SHORT:
                parts = [*parts, b" " * SHORT]
            assert ended(parts) == stanzas, f"held back, {how} of {len(sent)}: {sent[:200]}"
            tried += 1
        if sent != bare:
            padded += 1
            needed += any(ended(parts) < stanzas for _, parts in cuts(bare))
    told = f"{expat.EXPAT_VERSION}: {tried} cuts; of {padded} pieces with blanks {needed} need them"
    assert needed > padded / 2, told
    print(told)


main()
