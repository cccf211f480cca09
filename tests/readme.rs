//! What the README says is so: its commands, options, files, links, exit codes, metrics and lines of log
//! are those that there are, and its settings for servers are those in `config`, which `snippets` has real
//! servers load.
//!
//! A command that no rule here knows fails. The blocks with a mark are run by `tests/boot/run` as well.

#[path = "readme/page.rs"]
mod page;
#[path = "readme/rules.rs"]
mod rules;

use std::collections::BTreeSet;
use std::fs;

use clap::{Command, CommandFactory};
use echo_component::cli::args::Args;
use echo_component::cli::exit::CODES;
use echo_component::daemon::offline::conditions;
use echo_component::metrics::Metrics;

use page::{at, blocks, commands, readme, rows, split_pipes};
use rules::judge;

#[test]
fn every_command_is_one_that_a_rule_covers() {
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for command in &commands {
        if let Err(why) = judge(command) {
            panic!("README: `{}`: {why}", command.line);
        }
    }
}

#[test]
fn a_command_that_no_rule_covers_is_found() {
    for (line, why) in [
        ("rm -rf /", "no rule covers this"),
        ("echo-component --jit x", "unexpected argument"),
        ("cargo run --example dmeo", "examples/dmeo.rs is not there"),
        ("tests/rnu", "tests/rnu is not there"),
        ("tests/soak/run && rm x", "no rule covers this"),
        ("systemctl enable --now echo-compnent", "no unit echo-compnent"),
        ("printf 'x' >/etc/echo-component/echo-component.cfg", "no unit reads"),
        ("install -m 0640 -g prosody /dev/stdin /etc/prosody/conf.d/x.lua", "writes no settings"),
        ("prosody --config config/no.cfg.lua -F", "config/no.cfg.lua is not there"),
    ] {
        let found = split_pipes(line).into_iter().find_map(|it| judge(&it).err());
        assert!(found.as_ref().is_some_and(|it| it.contains(why)), "{line}: {found:?}");
    }
}

#[test]
fn the_blocks_that_are_run_lead_from_nothing_to_online() {
    let marked: String = blocks().into_iter().filter(|it| it.is_run).map(|it| it.text).collect();
    let mut rest = &*marked;
    for step in ["apt-get install", "component_secret", "--check", "systemctl enable", "journalctl"]
    {
        let place = rest.find(step).unwrap_or_else(|| panic!("{step} is missing in\n{marked}"));
        rest = &rest[place..];
    }
}

#[test]
fn every_option_is_explained_with_its_variable_and_its_default() {
    for option in definition().get_arguments() {
        let long = option.get_long().expect("all have a long name");
        let rows = rows("Options");
        let is_its =
            |row: &&Vec<String>| row[0].split([' ', '`', ',']).any(|it| it == format!("--{long}"));
        let row = rows.iter().find(is_its).unwrap_or_else(|| panic!("--{long} is not explained"));
        if let Some(short) = option.get_short() {
            assert!(row[0].contains(&format!("`-{short}`")), "-{short}: {row:?}");
        }
        let variable = option.get_env().map_or("", |it| it.to_str().unwrap());
        let short = variable.strip_prefix("ECHO_COMPONENT_").unwrap_or_default();
        assert_eq!(row[1].trim_matches('`'), short, "--{long}");
        for default in option.get_default_values() {
            let default = default.to_str().unwrap();
            let is_switch = ["false", "0"].contains(&default);
            assert!(is_switch || row[2] == default, "--{long}: {default}, not {}", row[2]);
        }
    }
}

#[test]
fn no_option_or_variable_is_named_that_there_is_not() {
    let definition = definition();
    let options: BTreeSet<_> =
        definition.get_arguments().filter_map(|it| it.get_long()).map(str::to_owned).collect();
    // Those of other programs.
    let others = ["config", "example", "path", "locked", "now"];
    let readme = readme();
    for word in readme.split(|it: char| !it.is_ascii_alphanumeric() && !"-_".contains(it)) {
        if let Some(name) = word.strip_prefix("--").filter(|it| it.starts_with(char::is_alphabetic))
        {
            assert!(options.contains(name) || others.contains(&name), "README: --{name}");
        }
        if let Some(name) = word.strip_prefix("ECHO_COMPONENT_").filter(|it| !it.is_empty()) {
            let is_it = |it: &clap::Arg| it.get_env().is_some_and(|env| env == word);
            assert!(definition.get_arguments().any(is_it), "README: {name}");
        }
    }
}

#[test]
fn the_exit_codes_are_those_that_help_prints() {
    let named: Vec<_> = rows("Exit codes").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(named, CODES.map(|(code, _)| code));
}

#[test]
fn every_metric_is_in_the_table_and_none_that_there_is_not() {
    let metrics = Metrics::new().unwrap();
    metrics.expect(conditions());
    let text = String::from_utf8(metrics.text().unwrap()).unwrap();
    let help = text.lines().filter_map(|line| line.strip_prefix("# HELP echo_component_"));
    let served: BTreeSet<_> = help.filter_map(|line| line.split(' ').next()).collect();
    let rows = rows("Metrics");
    let named: BTreeSet<_> = rows
        .iter()
        .flat_map(|row| row[0].split("`, `"))
        .map(|name| name.trim_matches('`').split('{').next().unwrap_or_default())
        .collect();
    assert!(served.len() > 10, "{text}");
    assert_eq!(named, served);
}

#[test]
fn every_line_of_log_is_one_that_the_program_writes() {
    let source = source();
    let mut found = 0;
    for row in rows("Troubleshooting") {
        for line in row[0].split('`').skip(1).step_by(2) {
            let prefix = ["offline: ", "refused: ", "the server says "];
            let line = prefix.iter().fold(line, |line, it| line.strip_prefix(it).unwrap_or(line));
            for part in line.split('…').map(|it| it.trim_matches([' ', ';'])) {
                assert!(source.contains(part), "README: {part:?} is written nowhere");
                found += 1;
            }
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn every_file_and_link_leads_somewhere() {
    let readme = readme();
    let headings: BTreeSet<_> = readme
        .lines()
        .filter(|line| line.starts_with("##"))
        .map(|line| line.trim_start_matches(['#', ' ']))
        .map(|it| it.to_lowercase().replace(['.', ','], "").replace(' ', "-"))
        .collect();
    let links = readme.split("](").skip(1).filter_map(|it| it.split_once(')')).map(|it| it.0);
    let folders = ["src/", "tests/", "config/", "benches/", "fuzz/", "systemd/"];
    let quoted = readme.split('`').filter(|it| folders.iter().any(|folder| it.starts_with(folder)));
    let mut found = 0;
    for named in links.chain(quoted) {
        let file = named.split(' ').next().unwrap_or(named);
        match file.strip_prefix('#') {
            Some(heading) => assert!(headings.contains(heading), "README: {named}: {headings:?}"),
            None if file.starts_with("https://") => {}
            None => assert!(at(file).exists(), "README: {file} is not there"),
        }
        found += 1;
    }
    assert!(found > 30, "{found}");
}

#[test]
fn the_start_fits_where_it_is_read_first() {
    let readme = readme();
    let start: Vec<_> = readme.lines().take(25).collect();
    for what in ["XEP-0114", "You need", "## 1.", "apt-get install"] {
        assert!(start.iter().any(|line| line.contains(what)), "{what} is not in {start:#?}");
    }
}

fn definition() -> Command {
    let mut command = Args::command();
    command.build();
    command
}

/// All source, with a string's lines joined as Rust joins them.
fn source() -> String {
    let mut folders = vec![at("src")];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    text.split("\\\n").map(str::trim_start).collect()
}
