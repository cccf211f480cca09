//! Which commands the page may have: each is one that works, as far as can be told without running it.

use clap::Parser;
use echo_component::cli::args::Args;

use crate::page::{Spoken, at, read};

/// Where the package's units look for what an admin writes.
const SETTINGS: &str = "/etc/echo-component/";

/// Whether a command is one that works, as far as can be told without running it.
pub fn judge(command: &Spoken) -> Result<(), String> {
    let variables = command.words.iter().take_while(|it| it.starts_with("ECHO_COMPONENT_")).count();
    let words: Vec<_> = command.words.iter().skip(variables).map(String::as_str).collect();
    if let Some(file) = &command.output {
        is_read(file, command)?;
    }
    match words[..] {
        ["apt-get", "install", "./target/debian/echo-component_*.deb"]
        | ["cargo", "install", "--locked", "cargo-deb"]
        | ["ejabberdctl", "reload_config"]
        | ["systemctl", "restart", "prosody"]
        | ["cargo", "test"]
        | ["sleep" | "printf", _] => Ok(()),
        ["systemctl", "enable", "--now", unit] | ["journalctl", "-u", unit, "-n", "2"] => {
            let file = unit.replace("NAME", "") + ".service";
            is_there(&format!("systemd/{file}")).map_err(|_| format!("there is no unit {unit}"))
        }
        ["install", "-D", "/dev/stdin", file] if file.ends_with("/echo-component") => Ok(()),
        ["install", "-D", "/dev/stdin", file] if file.ends_with("/man1/echo-component.1") => Ok(()),
        ["install", .., "/dev/stdin", file] => is_read(file, command),
        ["echo-component", ..] => parses(&words),
        ["cargo", "run", "--", ref options @ ..] => {
            parses(&[&["echo-component"], options].concat())
        }
        ["cargo", "run", "--example", name] => is_there(&format!("examples/{name}.rs")),
        ["config/release", "cargo", "deb", "--locked"] => {
            is_there("config/release")?;
            let is_told = read("tests/run").contains("config/release cargo deb --locked");
            is_told.then_some(()).ok_or_else(|| "tests/run does not run it".into())
        }
        ["prosody", "--config", file, "-F"] => is_there(file),
        [file] if file.contains('/') => is_there(file),
        _ => Err("no rule covers this".into()),
    }
}

fn parses(words: &[&str]) -> Result<(), String> {
    Args::try_parse_from(words).map(|_| ()).map_err(|error| error.to_string())
}

fn is_there(file: &str) -> Result<(), String> {
    at(file).is_file().then_some(()).ok_or_else(|| format!("{file} is not there"))
}

/// Whether what is written into a file is read there, and is what is in `config`.
fn is_read(file: &str, command: &Spoken) -> Result<(), String> {
    if let Some(name) = file.strip_prefix(SETTINGS) {
        let unit = read("systemd/echo-component.service");
        return unit
            .contains(&format!("{SETTINGS}{name}"))
            .then_some(())
            .ok_or_else(|| format!("no unit reads {file}"));
    }
    let (snippet, mark) = match file {
        "/etc/prosody/conf.d/echo.cfg.lua" => ("config/prosody.cfg.lua", "--"),
        "/etc/ejabberd/echo.yml" => ("config/ejabberd.yml", "#"),
        "/etc/ejabberd/ejabberd.yml" => {
            let told = "include_config_file: /etc/ejabberd/echo.yml";
            let is_told = command.line.contains(told) && read("config/ejabberd.yml").contains(told);
            return is_told.then_some(()).ok_or_else(|| "it tells something else".into());
        }
        _ => return Err(format!("{file} writes no settings that are known")),
    };
    let kept = read(snippet);
    let is_setting = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with(mark);
    let ours: Vec<_> = kept.lines().filter(is_setting).collect();
    let told: Vec<_> = command.input.lines().collect();
    (ours == told).then_some(()).ok_or_else(|| format!("it is not what is in {snippet}: {ours:?}"))
}
