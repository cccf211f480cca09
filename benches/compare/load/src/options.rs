//! The command line of the comparison.

use std::path::PathBuf;
use std::time::Duration;

use crate::measure::Pace;
use crate::peers::PEERS;

pub const USAGE: &str = "\
usage: compare --peers DIR --out DIR [--quick] [--rounds N] [--only PEER]... [--no-growth]

  --quick       a short look: two rounds of short runs
  --rounds N    how often every peer has its turn (7, quick: 2)
  --only PEER   only this peer; may be given more than once
  --no-growth   leave out how the cost grows with size, depth and senders";

pub struct Options {
    pub peers: PathBuf,
    pub out: PathBuf,
    pub quick: bool,
    pub rounds: usize,
    pub only: Vec<String>,
    pub growth: bool,
}

impl Options {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut peers, mut out, mut rounds) = (None, None, None);
        let (mut quick, mut only, mut growth) = (false, Vec::new(), true);
        while let Some(option) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{option} needs a value"));
            match option.as_str() {
                "--peers" => peers = Some(PathBuf::from(value()?)),
                "--out" => out = Some(PathBuf::from(value()?)),
                "--rounds" => rounds = Some(number(&value()?)?),
                "--only" => only.push(known(value()?)?),
                "--quick" => quick = true,
                "--no-growth" => growth = false,
                _ => return Err(format!("{option} is no option")),
            }
        }
        Ok(Self {
            peers: peers.ok_or("--peers is missing")?,
            out: out.ok_or("--out is missing")?,
            rounds: rounds.unwrap_or(if quick { 2 } else { 7 }),
            quick,
            only,
            growth,
        })
    }

    pub fn wants(&self, peer: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == peer)
    }

    pub fn pace(&self) -> Pace {
        let milliseconds = if self.quick { [150, 300, 100] } else { [300, 1000, 300] };
        let [warm_up, load, single] = milliseconds.map(Duration::from_millis);
        Pace { warm_up, load, single }
    }
}

fn number(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=100).contains(&n) => Ok(n),
        _ => Err(format!("{text} is not a number of rounds from 1 to 100")),
    }
}

fn known(name: String) -> Result<String, String> {
    if PEERS.iter().any(|peer| peer.name == name) {
        return Ok(name);
    }
    let names: Vec<&str> = PEERS.iter().map(|peer| peer.name).collect();
    Err(format!("{name} is none of the peers: {}", names.join(", ")))
}
