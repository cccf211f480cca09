//! Numbered messages, and what became of each: so that none is lost or doubled unnoticed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::{COMPONENT, Stanza, Tap, User};

/// How long nothing must have come before what is missing counts as lost.
const QUIET: Duration = Duration::from_secs(3);

/// The numbers that one user sends, and what has come back of them, in order.
#[derive(Default)]
pub struct Tally {
    name: String,
    pub sent: usize,
    /// The numbers of the echoes, as they came.
    pub echoes: Vec<usize>,
    /// The numbers of the errors from the server.
    pub bounces: Vec<usize>,
}

impl Tally {
    /// `name` keeps its messages apart from those of other tallies.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The next `count` messages as XML.
    pub fn messages(&mut self, count: usize) -> String {
        let first = self.sent;
        self.sent += count;
        let messages: Vec<_> = (first..self.sent)
            .map(|n| {
                let id = format!("{}-{n}", self.name);
                format!(
                    "<message to='{COMPONENT}' type='chat' id='{id}'><body>{n}</body></message>"
                )
            })
            .collect();
        messages.concat()
    }

    /// The number of a message of ours.
    pub fn number(&self, stanza: &Stanza) -> Option<usize> {
        let number = stanza.attr("id").strip_prefix(self.name.as_str())?.strip_prefix('-')?;
        (stanza.name() == "message").then(|| number.parse().ok()).flatten()
    }

    /// Files what is ours of what a user has received.
    pub fn file(&mut self, stanzas: Vec<Stanza>) {
        for stanza in stanzas {
            match (self.number(&stanza), stanza.attr("type")) {
                (Some(number), "error") => self.bounces.push(number),
                (Some(number), _) => self.echoes.push(number),
                (None, _) => {}
            }
        }
    }

    /// Receives until each message has had its answer, or until nothing has come for a while.
    pub fn settle(&mut self, user: &mut User) {
        while !self.missing().is_empty() {
            match user.take(QUIET) {
                Ok(stanzas) if !stanzas.is_empty() => self.file(stanzas),
                _ => break,
            }
        }
    }

    /// The messages with neither echo nor error.
    pub fn missing(&self) -> Vec<usize> {
        let answered = occurrences(self.echoes.iter().chain(&self.bounces));
        (0..self.sent).filter(|number| !answered.contains_key(number)).collect()
    }

    /// How many answers came more than once.
    pub fn doubled(&self) -> usize {
        let answered = occurrences(self.echoes.iter().chain(&self.bounces));
        answered.values().map(|count| count - 1).sum()
    }

    /// How many echoes a daemon has sent more than once, whether they reached the user or not.
    pub fn sent_again(&self, taps: &[&Tap]) -> usize {
        let echoes: Vec<_> = taps.iter().flat_map(|tap| self.numbers(&tap.both_ways().1)).collect();
        occurrences(echoes.iter()).values().map(|count| count - 1).sum()
    }

    /// The numbers of what is ours among `stanzas`.
    pub fn numbers(&self, stanzas: &[Stanza]) -> Vec<usize> {
        stanzas.iter().filter_map(|stanza| self.number(stanza)).collect()
    }

    /// How many echoes came before one of a message that was sent earlier.
    pub fn out_of_order(&self) -> usize {
        self.echoes.windows(2).filter(|pair| pair[0] > pair[1]).count()
    }

    /// How many of the missing never reached a daemon, had no echo leave one, and had an echo that
    /// did not reach the user.
    pub fn where_lost(&self, taps: &[&Tap]) -> WhereLost {
        let (mut came, mut went) = (BTreeMap::new(), BTreeMap::new());
        for tap in taps {
            let (inbound, outbound) = tap.both_ways();
            for (stanzas, seen) in [(inbound, &mut came), (outbound, &mut went)] {
                for number in stanzas.iter().filter_map(|stanza| self.number(stanza)) {
                    *seen.entry(number).or_insert(0_usize) += 1;
                }
            }
        }
        let mut lost = WhereLost::default();
        for number in self.missing() {
            match (came.contains_key(&number), went.contains_key(&number)) {
                (_, true) => lost.on_the_way_back += 1,
                (true, false) => lost.at_the_daemon += 1,
                (false, false) => lost.in_the_server += 1,
            }
        }
        lost
    }
}

/// Where messages were lost.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct WhereLost {
    /// Sent by the user, never written to a component's connection.
    pub in_the_server: usize,
    /// Written to a component's connection, and not answered on it.
    pub at_the_daemon: usize,
    /// Answered by a daemon, and not delivered to the user.
    pub on_the_way_back: usize,
}

impl std::ops::AddAssign for WhereLost {
    fn add_assign(&mut self, other: Self) {
        self.in_the_server += other.in_the_server;
        self.at_the_daemon += other.at_the_daemon;
        self.on_the_way_back += other.on_the_way_back;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sent {}, echoed {}, bounced {}, lost {}, doubled {}, out of order {}",
            self.sent,
            self.echoes.len(),
            self.bounces.len(),
            self.missing().len(),
            self.doubled(),
            self.out_of_order()
        )
    }
}

fn occurrences<'a>(numbers: impl Iterator<Item = &'a usize>) -> BTreeMap<usize, usize> {
    let mut occurrences = BTreeMap::new();
    for number in numbers {
        *occurrences.entry(*number).or_insert(0) += 1;
    }
    occurrences
}
