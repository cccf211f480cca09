//! The command line.

use std::path::PathBuf;

const HELP: &str = "\
Sends messages of all kinds, hostile ones among them, to the daemon, with a disconnect every so many
(FIN, RST, footer, stream error, malformed XML in turn), and checks every answer. It fails too if a
daemon takes 32 MiB, takes over 1 MiB more in the end than at first, or does not end with 0.

Usage: tests/soak/run [--messages N] [--disconnect-every M] [--senders S] [--daemons K]
                      [--every SECONDS] [--plot FILE]

  --messages N           in all [1000000]
  --disconnect-every M   messages of one daemon between its disconnects [100000]
  --senders S            distinct senders [1000000]
  --daemons K            run side by side, each with its share of the messages [1]. After sessions of
                         less than a minute a daemon pauses for up to a minute, so that many
                         disconnects take many daemons, or long
  --every SECONDS        between lines of the table [10]
  --plot FILE            [target/soak.svg]";

/// What was asked for.
pub struct Options {
    /// The daemon.
    pub daemon: PathBuf,
    /// How many stanzas in all.
    pub messages: u64,
    /// How many of one daemon between its disconnects.
    pub disconnect_every: u64,
    /// How many senders.
    pub senders: u64,
    /// How many daemons side by side.
    pub daemons: u64,
    /// Seconds between lines of the table.
    pub every: u64,
    /// Where the plot goes.
    pub plot: PathBuf,
}

impl Options {
    /// Reads them.
    ///
    /// # Errors
    /// The help, or what is wrong.
    pub fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            daemon: "target/release/echo-component".into(),
            messages: 1_000_000,
            disconnect_every: 100_000,
            senders: 1_000_000,
            daemons: 1,
            every: 10,
            plot: "target/soak.svg".into(),
        };
        while let Some(name) = arguments.next() {
            if name == "--help" || name == "-h" {
                return Err(HELP.into());
            }
            let value = arguments.next().ok_or_else(|| format!("{name}: what? (see --help)"))?;
            let number = || match value.parse() {
                Ok(0) | Err(_) => Err(format!("{name} {value}: no number of 1 or more")),
                Ok(number) => Ok(number),
            };
            match name.as_str() {
                "--daemon" => options.daemon = value.into(),
                "--plot" => options.plot = value.into(),
                "--messages" => options.messages = number()?,
                "--disconnect-every" => options.disconnect_every = number()?,
                "--senders" => options.senders = number()?,
                "--daemons" => options.daemons = number()?,
                "--every" => options.every = number()?,
                _ => return Err(format!("{name} is no option (see --help)")),
            }
        }
        Ok(options)
    }
}
