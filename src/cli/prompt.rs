//! Asks on the terminal for what is missing, until there is an answer that will do.
//!
//! Questions go to the terminal itself, wherever standard output goes.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write, stdin};

use anyhow::{Context, Result, ensure};
use rpassword::{ConfigBuilder, prompt_password_with_config};
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

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
            if read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::InvalidData) {
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
            let unshown = Unshown::new(self.0.try_clone()?)?;
            let output = self.0.try_clone()?;
            let terminal = ConfigBuilder::new().input_reader(unshown).output_writer(output).build();
            let typed =
                prompt_password_with_config("The component's secret (not shown): ", terminal)
                    .context("could not read the secret")?;
            // The end of the line was not shown either.
            writeln!(self.0)?;
            if !typed.is_empty() {
                return Ok(typed.into());
            }
            writeln!(self.0, "it cannot be empty")?;
        }
    }
}

/// What Ctrl-C gives where it is no signal.
const CTRL_C: u8 = 3;

/// A terminal that shows nothing of what is typed, and is as before once this is dropped. rpassword would see
/// to that itself, but lets Ctrl-C end the program first: who typed it could not see what is typed next.
struct Unshown {
    terminal: File,
    before: Termios,
}

impl Unshown {
    fn new(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut raw = before.clone();
        raw.local_modes -=
            LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Now, &raw)?;
        Ok(Self { terminal, before })
    }

    fn show(&self) {
        // There is nothing to be done for a terminal that is gone.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

impl Read for Unshown {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.terminal.read(buffer)?;
        if buffer[..count].contains(&CTRL_C) {
            self.show();
            kill_process(getpid(), Signal::INT)?;
        }
        Ok(count)
    }
}

impl Drop for Unshown {
    fn drop(&mut self) {
        self.show();
    }
}
