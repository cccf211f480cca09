//! Log lines for what the component tells of, and what all lines about a connection carry. No words of
//! people's; JIDs at debug and below.

use std::net::SocketAddr;

use tracing::{Level, Span, debug, enabled, error_span, trace, warn};

use crate::component::notice::{Detail, How, Notice};

/// What all lines about a connection carry: its number, and the address at the server's end.
pub fn of_connection(number: u64, peer: SocketAddr) -> Span {
    // A span is shown with a line only if its own level is logged.
    error_span!("connection", connection = number, %peer)
}

/// How much the log wants to know of stanzas.
pub fn detail() -> Detail {
    if enabled!(Level::TRACE) {
        Detail::All
    } else if enabled!(Level::DEBUG) {
        Detail::Unechoed
    } else {
        Detail::None
    }
}

/// Logs what has come up.
pub fn log(notices: Vec<Notice>) {
    for notice in notices {
        match notice {
            Notice::ForeignDomain(domain) => warn!(
                domain,
                "the server hands over stanzas for another domain, which are not answered: if it is \
                 ejabberd, set \"global_routes: false\" at the listener"
            ),
            Notice::Flooded => {
                warn!("a sender has used up its allowance and gets no echo for a while");
            }
            Notice::Stanza { how: How::Echoed, from, id, bytes } => {
                trace!(from, id, bytes, "{}", How::Echoed);
            }
            Notice::Stanza { how, from, id, bytes } => debug!(from, id, bytes, "{how}"),
        }
    }
}
