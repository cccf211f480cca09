//! Pings of our own, by which it is known that the server is alive and routes to us.

use std::hash::BuildHasher;
use std::hash::RandomState;

use crate::component::Echo;
use crate::component::answer::Answer;
use crate::component::outbox::Outbox;

const PING: &[u8] = b"<ping xmlns='urn:xmpp:ping'/>";

/// With three daemons, one probe in some 700 misses this one; it is repeated then.
const PINGS_IN_A_PROBE: u64 = 16;

/// Hebrew and Latin letters.
const MIXED_DIRECTIONS: &str = "\u{5d0}a";

impl Echo {
    /// XEP-0199, from and to ourselves, so that the server has to route it.
    pub fn ping(&self, out: &mut Outbox) {
        let jid = self.domain.as_str();
        self.send_ping(jid, jid, out);
    }

    /// Asks whether the server is alive where that ping may have gone to another daemon of this JID.
    /// Any answer will do.
    pub fn probe(&self, out: &mut Outbox) {
        let jid = self.domain.as_str();
        // ejabberd and jabberd2 choose a daemon by chance or by an address, and some of these are
        // likely to come back to this one.
        for nth in 0..PINGS_IN_A_PROBE {
            let hash = RandomState::new().hash_one(nth);
            let node = format!("{hash:016x}@{jid}");
            self.send_ping(&node, &node, out);
        }
        // A daemon that ejabberd has no place for gets none of them. But servers refuse, on this very
        // stream, a resource that mixes directions: RFC 7622 §3.4 allows it, and RFC 6122 (appendix
        // B.5), which they go by, did not. One that allows it sends it here as any other.
        self.send_ping(jid, &format!("{jid}/{MIXED_DIRECTIONS}"), out);
    }

    fn send_ping(&self, from: &str, to: &str, out: &mut Outbox) {
        let (from, id, payload) = (from.into(), Some(&*self.ping), PING.into());
        self.send(&Answer { name: "iq", kind: Some("get"), from, to, id, payload }, out);
    }
}
