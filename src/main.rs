//! The program: reads the command line, does what it says, and ends with a code that tells how it went.

use std::process::ExitCode;

use anyhow::anyhow;
use echo_component::cli::args::Args;
use echo_component::cli::exit::{Code, Failure};
use echo_component::cli::run::run;
use echo_component::cli::usage::Unread;
use echo_component::daemon::logging::Log;

fn main() -> ExitCode {
    let mut log = match Log::open() {
        Ok(log) => log,
        Err(error) => {
            eprintln!("echo-component: there can be no log ({error})");
            return Code::Software.into();
        }
    };
    let ended = match Args::read() {
        Ok(args) => run(args, &mut log),
        Err(Unread::Asked(page)) => {
            // Nobody is there to be told that standard output is closed.
            let _ = page.print();
            Ok(ExitCode::SUCCESS)
        }
        Err(Unread::Usage(why)) => Err(Failure::new(Code::Usage, anyhow!("{why} (see --help)"))),
        Err(Unread::Variable(why)) => Err(Failure::new(Code::Configuration, anyhow!("{why}"))),
    };
    ended.unwrap_or_else(|failure| {
        log.fatal(&failure.error);
        failure.code.into()
    })
}
