//! What `--print` prints, and the end of `--help`: all made from the command line's definition.

use std::fmt::Write;

use chrono::DateTime;
use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::args::{Args, Page};
use crate::cli::exit::CODES;

const NAME: &str = "echo-component";

/// The releases, newest first, each with its date (deb-changelog(5)).
const RELEASES: &str = include_str!("../../config/debian/changelog");

/// How long a line of the page's source may be.
const WIDTH: usize = 80;

const SYNOPSIS: &str = "\
.SH SYNOPSIS
.B echo\\-component
.B \\-\\-jid
.I DOMAIN
.B \\-\\-server
.I HOST
.RB [ \\-\\-secret\\-file
.IR FILE ]
.RI [ OPTIONS ]
.br
.B echo\\-component \\-\\-check
.RI [ OPTIONS ]
.br
.B echo\\-component \\-\\-healthy \\-\\-metrics
.I ADDRESS
";

const REST: &str = "\
.SH EXAMPLES
Try a configuration:
.PP
.in +4n
.EX
echo\\-component \\-\\-check \\-\\-jid echo.example.com \\-\\-server localhost \\e
    \\-\\-secret\\-file /etc/echo\\-component/echo\\-component.secret
.EE
.in
.PP
Run it in a terminal, which asks for the secret:
.PP
.in +4n
.EX
echo\\-component \\-\\-jid echo.example.com \\-\\-server localhost
.EE
.in
.PP
Install completions for bash:
.PP
.in +4n
.EX
echo\\-component \\-\\-print bash >/etc/bash_completion.d/echo\\-component
.EE
.in
.SH FILES
.TP
.IR /etc/echo\\-component/echo\\-component.env \", \" /etc/echo\\-component/NAME.env
The settings of echo\\-component.service and of its instances
echo\\-component@NAME.service.
There are none until you write them.
.TP
.I /usr/share/doc/echo\\-component/examples/echo\\-component.env
All settings, explained, to copy from
.TP
.IR /etc/echo\\-component/echo\\-component.secret \", \" /etc/echo\\-component/NAME.secret
Their secrets, readable by root alone
.SH SEE ALSO
.BR journalctl (1),
.BR systemctl (1),
.BR systemd.exec (5)
for LoadCredential=
";

/// The page or script.
pub fn text(page: Page) -> String {
    match page {
        Page::Man => man(),
        Page::Bash => completions(Shell::Bash),
        Page::Zsh => completions(Shell::Zsh),
        Page::Fish => completions(Shell::Fish),
    }
}

/// What stands below the options in the help.
pub fn after_help() -> String {
    let mut text =
        "Example:\n  echo-component --check --jid echo.example.com --server localhost \\\n      \
        --secret-file /etc/echo-component/echo-component.secret\n\nExit codes:\n"
            .to_owned();
    for (code, meaning) in CODES {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {code:<7}  {meaning}");
    }
    text.trim_end().to_owned()
}

/// The definition, the same whoever runs the program, and from whatever commit it is built.
fn definition() -> Command {
    Args::definition().name(NAME).bin_name(NAME).version(env!("CARGO_PKG_VERSION"))
}

fn completions(shell: Shell) -> String {
    let mut script = vec![];
    // The help names them in its sentences.
    let mut definition = definition().mut_args(|option| option.hide_possible_values(false));
    clap_complete::generate(shell, &mut definition, NAME, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// When the newest release was made, which is the man page's date: the same from any commit, and from a
/// source tree without git.
fn released() -> String {
    let date = RELEASES.lines().find_map(|line| line.strip_prefix(" -- ")?.split_once(">  "));
    let date = date.and_then(|(_, date)| DateTime::parse_from_rfc2822(date).ok());
    date.map(|it| it.date_naive().to_string()).unwrap_or_default()
}

fn man() -> String {
    let page = Man::new(definition()).title(NAME.to_uppercase()).date(released()).manual("XMPP");
    let mut parts = [vec![], vec![], vec![], vec![]];
    let [title, name, description, options] = &mut parts;
    // Writing to memory does not fail.
    let _ = page.render_title(title);
    let _ = page.render_name_section(name);
    let _ = page.render_description_section(description);
    let _ = page.render_options_section(options);
    let [title, name, description, options] = parts.map(|it| tidy(&String::from_utf8_lossy(&it)));
    let options = format!(".SH OPTIONS\n{}", options.replace(".SH ", ".SS "));
    let mut codes = ".SH EXIT STATUS\n".to_owned();
    for (code, meaning) in CODES {
        let _ = writeln!(codes, ".TP\n.B {code}\n{}", meaning.replace('-', "\\-"));
    }
    [title, name, SYNOPSIS.into(), description, options, codes, REST.into()].concat()
}

/// The same page without what mandoc's lint minds: long lines, and blanks at their ends.
fn tidy(page: &str) -> String {
    let page = page.replace("May also be specified with the ", "Variable: ");
    let page = page.replace(" environment variable. ", "");
    // How a ' is written is said once, at the top.
    let is_whole = page.contains(".TH");
    let lines = page.lines().filter(|line| is_whole || !line.contains(".ds Aq"));
    lines.fold(String::new(), |tidied, line| tidied + &wrapped(line))
}

fn wrapped(line: &str) -> String {
    let mut wrapped = String::new();
    let mut column = 0;
    for word in line.split(' ').filter(|_| !line.starts_with('.')) {
        // A line that begins with either is a request.
        let fits = column + word.len() < WIDTH || word.starts_with(['.', '\'']);
        if column > 0 {
            wrapped.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        wrapped += word;
        column += word.len();
    }
    if line.starts_with('.') { format!("{line}\n") } else { wrapped + "\n" }
}
