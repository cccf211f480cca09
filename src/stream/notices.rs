//! Log lines for what the component tells of. No words of people's; JIDs at debug and below.

use tracing::{Level, debug, enabled, trace, warn};

use crate::component::notice::{Detail, How, Notice};

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
                ?domain,
                "the server hands over stanzas for another domain, which are not answered: if it is \
                 ejabberd, set \"global_routes: false\" at the listener"
            ),
            Notice::Flooded => {
                warn!("a sender has used up its allowance and gets no echo for a while");
            }
            Notice::Stanza(dealt) => {
                let (from, id) = (dealt.from.as_deref(), dealt.id.as_deref());
                if dealt.how == How::Echoed {
                    trace!(from, id, bytes = dealt.bytes, "{}", dealt.how);
                } else {
                    debug!(from, id, bytes = dealt.bytes, "{}", dealt.how);
                }
            }
        }
    }
}
