//! Reads command line and environment, and says what is wrong with them in one sentence.
//!
//! clap knows options alone; that a value came from a variable is found out here.

use std::ffi::OsStr;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Command, CommandFactory, FromArgMatches};

use crate::cli::args::Args;

impl Args {
    /// Reads the command line and the environment. An empty variable counts as none, since settings
    /// files list variables without a value.
    ///
    /// # Errors
    /// What to tell the user instead.
    pub fn read() -> Result<Self, Unread> {
        let mut passed_over = Vec::new();
        let command = Self::definition().mut_args(|option| {
            let Some(name) = option.get_env() else { return option };
            let Some(value) = std::env::var_os(name) else { return option };
            let odd = of_kubernetes(name, &value);
            let counts = !value.is_empty() && odd.is_none();
            passed_over.extend(odd);
            if counts { option } else { option.env(None) }
        });
        let read = Self::parse_as(command).map(|args| Self { passed_over, ..args });
        read.map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Unread::Asked(error),
            _ => match Self::parse_as(Self::definition().mut_args(|option| option.env(None))) {
                Ok(_) => Unread::Variable(named_by_variables(&error)),
                Err(_) => Unread::Usage(sentence(&error)),
            },
        })
    }

    /// The command line, whose help shows variables' names and never their values.
    pub fn definition() -> Command {
        Self::command().mut_args(|option| option.hide_env_values(true))
    }

    fn parse_as(mut command: Command) -> Result<Self, clap::Error> {
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        let mut args = Self::from_arg_matches(&matches)?;
        args.shows_secret = matches.value_source("secret") == Some(ValueSource::CommandLine);
        let is_given = |option| {
            matches.value_source(option).is_some_and(|source| source != ValueSource::DefaultValue)
        };
        // To clap an option that a variable sets to false is used, so it cannot judge these two.
        let why = if args.quiet && args.verbose > 0 {
            "'--quiet' cannot be used with '--verbose...'"
        } else if args.tls_ca.is_some() && !is_given("tls") {
            "'--tls-ca <FILE>' has no effect without --tls; add --tls"
        } else if args.healthy && args.metrics.is_none() {
            "'--healthy' asks the running daemon at its --metrics address; add --metrics"
        } else {
            return Ok(args);
        };
        Err(command.error(ErrorKind::ArgumentConflict, why))
    }
}

/// Why there are no [`Args`].
#[derive(Debug)]
pub enum Unread {
    /// Help or the version was asked for.
    Asked(clap::Error),
    /// The command line is wrong; a sentence.
    Usage(String),
    /// A variable is wrong; a sentence.
    Variable(String),
}

/// Kubernetes sets a variable `NAME_PORT` in every container for a Service of that name.
fn of_kubernetes(name: &OsStr, value: &OsStr) -> Option<String> {
    let value = value.to_str().filter(|it| it.starts_with("tcp://") || it.starts_with("udp://"))?;
    (name == "ECHO_COMPONENT_PORT").then(|| {
        format!(
            "ECHO_COMPONENT_PORT={value} is passed over: Kubernetes sets it for a Service named \
             echo-component; set enableServiceLinks: false, or give the port with --port"
        )
    })
}

/// What clap says of an error, as one sentence.
fn sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim);
    let said =
        lines.take_while(|line| !line.starts_with("Usage: ") && !line.starts_with("For more"));
    let words: Vec<_> = said.filter(|line| !line.is_empty()).collect();
    words.join(" ").trim_start_matches("error: ").replace(" tip:", ";")
}

/// The same of an error that is due to variables. clap knows options alone.
fn named_by_variables(error: &clap::Error) -> String {
    let mut sentence = sentence(error);
    let mut command = Args::definition();
    command.build();
    for option in command.get_arguments() {
        let Some(name) = option.get_env() else { continue };
        let value = std::env::var_os(name).unwrap_or_default();
        let name = name.to_string_lossy();
        if error.kind() == ErrorKind::InvalidUtf8 && value.to_str().is_none() {
            return format!("{name} is not UTF-8 text");
        }
        if !value.is_empty() {
            sentence = sentence.replace(&format!("'{option}'"), &name);
        }
    }
    sentence
}
