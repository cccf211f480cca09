//! What whoever drives the component may want to log. It logs nothing itself, and never tells what
//! people write.

use std::fmt;

use crate::component::message::Silence;
use crate::component::reply::Bounce;
use crate::component::requests::Kind;

/// So many foreign domains are told of; a server that hands over more has said enough.
const FOREIGN_DOMAINS: usize = 16;

/// How much is told of stanzas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// Nothing.
    #[default]
    None,
    /// Of those that are not echoed.
    Unechoed,
    /// Of all.
    All,
}

/// Something to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The server has handed over a stanza for this domain, which is not the component's, for the
    /// first time.
    ForeignDomain(String),
    /// A sender has used up its allowance.
    Flooded,
    /// A stanza has been dealt with.
    Stanza {
        /// What was done.
        how: How,
        /// The bare JID of its sender, if it has one.
        from: Option<String>,
        /// Its id.
        id: Option<String>,
        /// How large it is, as far as it was looked at.
        bytes: usize,
    },
}

/// What was done with a stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The message was sent back.
    Echoed,
    /// The message was bounced.
    Bounced(Bounce),
    /// The message was not answered.
    Ignored(Silence),
    /// The presence or IQ got so many answers.
    Answered(Kind, u64),
    /// The presence or IQ asked for something, and was not answered.
    RequestIgnored(Silence),
    /// The presence or IQ asked for nothing, or of nobody here for that reason.
    NotAsked(Option<Silence>),
}

impl How {
    /// Whether the stanza came for a domain that is not ours.
    pub fn is_foreign(self) -> bool {
        matches!(
            self,
            Self::Ignored(Silence::ForeignTo)
                | Self::RequestIgnored(Silence::ForeignTo)
                | Self::NotAsked(Some(Silence::ForeignTo))
        )
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Echoed => f.write_str("message echoed"),
            Self::Bounced(Bounce::TooLarge) => f.write_str("message bounced: too large"),
            Self::Bounced(Bounce::Unfit) => f.write_str("message bounced: not valid in our stream"),
            Self::Bounced(Bounce::Flood) => f.write_str("message bounced: allowance used up"),
            Self::Ignored(why) => write!(f, "message not answered: {why}"),
            Self::Answered(..) => f.write_str("request answered"),
            Self::RequestIgnored(why) | Self::NotAsked(Some(why)) => {
                write!(f, "request not answered: {why}")
            }
            Self::NotAsked(None) => f.write_str("request not answered: it asks for nothing"),
        }
    }
}

/// What there is to log since it was last taken.
#[derive(Debug, Default)]
pub struct Notices {
    /// How much is told of stanzas.
    pub detail: Detail,
    /// All that is new.
    pub new: Vec<Notice>,
    foreign: Vec<String>,
}

impl Notices {
    /// A stanza came for that domain.
    pub fn foreign(&mut self, domain: &str) {
        if self.foreign.len() < FOREIGN_DOMAINS && !self.foreign.iter().any(|it| it == domain) {
            self.foreign.push(domain.to_owned());
            self.new.push(Notice::ForeignDomain(domain.to_owned()));
        }
    }

    /// Whether somebody wants to know of stanzas that were dealt with so.
    #[inline]
    pub fn wants(&self, how: How) -> bool {
        self.detail >= if how == How::Echoed { Detail::All } else { Detail::Unechoed }
    }
}
