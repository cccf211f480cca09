//! Asks on the terminal for what is missing, until there is an answer that will do.
//!
//! Questions go to the terminal itself, wherever standard output goes.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, IsTerminal, Write, stdin};

use anyhow::{Context, Result, ensure};

use crate::net::secret::Secret;

/// The terminal of whoever started the program.
pub struct Terminal(File);

impl Terminal {
    /// It, if somebody is there to answer.
    pub fn find() -> Option<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
        terminal.ok().filter(|_| stdin().is_terminal()).map(Self)
    }

    /// The first answer that `check` takes.
    ///
    /// # Errors
    /// If the terminal is gone, or input ends.
    pub fn ask<T>(&mut self, question: &str, check: impl Fn(&str) -> Result<T>) -> Result<T> {
        loop {
            write!(self.0, "{question}: ")?;
            let mut line = String::new();
            // A terminal gives a line at a time, so none of the next is taken.
            let read = BufReader::new(&self.0).read_line(&mut line);
            if read.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::InvalidData) {
                writeln!(self.0, "this is not UTF-8 text")?;
                continue;
            }
            ensure!(read.context("could not read your answer")? > 0, "there was no answer");
            match check(line.trim()) {
                Ok(answer) => return Ok(answer),
                Err(error) => writeln!(self.0, "{error:#}")?,
            }
        }
    }

    /// The secret, which is not shown.
    ///
    /// # Errors
    /// If the terminal is gone, or input ends.
    pub fn ask_for_secret(&mut self) -> Result<Secret> {
        loop {
            let typed = rpassword::prompt_password("The component's secret (not shown): ")
                .context("could not read the secret")?;
            if !typed.is_empty() {
                return Ok(typed.into());
            }
            writeln!(self.0, "it cannot be empty")?;
        }
    }
}
