//! What admins get: the systemd units and the settings file, against systemd's own checks and the
//! command line's definition.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use clap::{CommandFactory, Parser};
use echo_component::cli::args::Args;
use support::folder::Folder;
use support::left_out::not_installed;
use support::scripted::{Daemon, SECRET, Server, program};

const UNIT: &str = "echo-component.service";
const TEMPLATE: &str = "echo-component@.service";

/// Options that make no sense as a setting of a service.
const ONLY_ON_THE_COMMAND_LINE: [&str; 5] = ["check", "healthy", "print", "help", "version"];

/// Settings that systemd knows from version 254 on; Debian 12 has 252.
const NEWER: [&str; 2] = ["RestartSteps", "RestartMaxDelaySec"];

/// The most exposed that a unit may be, in tenths, as `systemd-analyze security` counts.
const EXPOSURE: &str = "11";

#[test]
fn systemd_finds_nothing_to_say_about_the_units() {
    let Some(folder) = installed("systemd_finds_nothing_to_say_about_the_units") else { return };
    for name in [UNIT, TEMPLATE] {
        let output = analyze(&["verify", "--man=no"], &folder.0.join(name));
        // It says what it does not know, and ends well all the same.
        let said = text(&output);
        let newer = |line: &&str| NEWER.iter().any(|key| line.contains(&unknown(key)));
        let said: Vec<_> = said.lines().filter(|line| !newer(line)).collect();
        assert_eq!(said, [""; 0], "{name}");
        assert!(output.status.success(), "{name}");
    }
}

/// What systemd says of a setting that it does not know.
fn unknown(key: &str) -> String {
    format!("Unknown key '{key}' in section [Service], ignoring.")
}

#[test]
fn the_units_are_exposed_by_no_more_than_they_need() {
    let Some(folder) = installed("the_units_are_exposed_by_no_more_than_they_need") else { return };
    let options = ["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE];
    for name in [UNIT, TEMPLATE] {
        let output = analyze(&options, &folder.0.join(name));
        assert!(output.status.success(), "{name}: {}", text(&output));
        assert!(text(&output).contains("exposure level"), "{name}: {}", text(&output));
    }
}

#[test]
fn an_instance_differs_from_the_unit_by_its_name_alone() {
    let as_instance = settings(UNIT)
        .iter()
        .map(|line| match line.split_once('=') {
            Some(("Description", what)) => format!("Description={what} %i"),
            _ => line.replace("/echo-component/echo-component.", "/echo-component/%i."),
        })
        .collect::<Vec<_>>();
    assert_eq!(settings(TEMPLATE), as_instance);
}

#[test]
fn the_units_start_the_program_in_a_way_that_it_understands() {
    for name in [UNIT, TEMPLATE] {
        let start = values(name, "ExecStart");
        assert_eq!(start.len(), 1, "{name}");
        let words: Vec<_> = start[0].split_whitespace().collect();
        assert_eq!(words[0], "/usr/bin/echo-component");
        Args::try_parse_from(words).unwrap();
    }
}

#[test]
fn the_units_hand_over_the_credential_that_the_program_looks_for() {
    for name in [UNIT, TEMPLATE] {
        let credentials = values(name, "LoadCredential");
        assert_eq!(credentials.len(), 1, "{name}");
        assert!(credentials[0].starts_with("secret:/etc/echo-component/"), "{credentials:?}");
        // Without a file it is empty: a value of nothing at all would count for none.
        assert_eq!(values(name, "SetCredential"), [r"secret:\n"], "{name}");
    }
}

#[test]
fn the_units_allow_no_core_file_either() {
    for name in [UNIT, TEMPLATE] {
        assert_eq!(values(name, "LimitCORE"), ["0"], "{name}");
    }
}

#[test]
fn refusals_are_tried_again_and_bad_configuration_is_not() {
    for name in [UNIT, TEMPLATE] {
        assert_eq!(values(name, "Restart"), ["on-failure"], "{name}");
        assert_eq!(values(name, "StartLimitIntervalSec"), ["0"], "{name}");
        assert_eq!(values(name, "RestartSec"), ["10"], "{name}");
        assert_eq!(values(name, "RestartMaxDelaySec"), ["60"], "{name}");
        let kept_down = values(name, "RestartPreventExitStatus").join(" ");
        // In this order 64, 78, and systemd's own 243; the program's 77 is NOPERM.
        assert_eq!(kept_down, "USAGE CONFIG CREDENTIALS", "{name}");
    }
}

#[test]
fn no_server_on_this_machine_is_required() {
    for name in [UNIT, TEMPLATE] {
        for dependency in ["Requires", "BindsTo", "Requisite", "PartOf"] {
            assert!(values(name, dependency).is_empty(), "{name}");
        }
        assert_eq!(values(name, "Wants"), ["network-online.target"], "{name}");
    }
}

#[test]
fn the_settings_file_has_every_option_and_nothing_else() {
    let command = Args::command();
    let mut variables = vec![];
    for option in command.get_arguments() {
        let name = option.get_id().as_str();
        match option.get_env() {
            Some(variable) => variables.push(variable.to_str().unwrap()),
            None => assert!(ONLY_ON_THE_COMMAND_LINE.contains(&name), "{name} has no variable"),
        }
    }
    variables.push("RUST_LOG");
    variables.sort_unstable();
    assert!(variables.len() > 8, "{variables:?}");
    assert_eq!(offered().keys().collect::<Vec<_>>(), variables);
}

#[test]
fn the_settings_file_tells_the_defaults() {
    let offered = offered();
    let mut checked = 0;
    for option in Args::command().get_arguments() {
        let (Some(variable), [default]) = (option.get_env(), option.get_default_values()) else {
            continue;
        };
        let variable = variable.to_str().unwrap();
        assert_eq!(offered[variable], default.to_str().unwrap(), "{variable}");
        checked += 1;
    }
    assert!(checked >= 3, "{checked}");
}

#[test]
fn nothing_is_set_before_an_admin_does() {
    let file = fs::read_to_string(root().join("config/echo-component.env")).unwrap();
    let set: Vec<_> = file.lines().filter(|it| !it.is_empty() && !it.starts_with('#')).collect();
    assert!(set.is_empty(), "{set:?}");
}

#[test]
fn the_program_takes_every_setting_as_the_file_shows_it() {
    let folder = Folder::new("every-setting");
    let secret = folder.file("secret", SECRET.as_bytes(), 0o600);
    let mut tried = 0;
    for (variable, value) in offered() {
        assert!(!value.is_empty(), "{variable} fails as soon as it is uncommented");
        let server = Server::start();
        let mut command = program();
        command.env("ECHO_COMPONENT_JID", support::COMPONENT);
        command.env("ECHO_COMPONENT_SECRET", SECRET);
        command.env("ECHO_COMPONENT_SERVER", "localhost");
        command.env("ECHO_COMPONENT_PORT", server.port().to_string());
        match variable.as_str() {
            // The number is the default, and what listens there is not ours.
            "ECHO_COMPONENT_PORT" => continue,
            // The port may be taken, and the file is an admin's.
            "ECHO_COMPONENT_METRICS" => command.env(&variable, "127.0.0.1:0"),
            "ECHO_COMPONENT_SECRET_FILE" => command.env(&variable, &secret),
            // Authorities belong to TLS, which is shown above them.
            "ECHO_COMPONENT_TLS_CA" => {
                command.env(&variable, &value).env("ECHO_COMPONENT_TLS", "false")
            }
            _ => command.env(&variable, &value),
        };
        let _daemon = Daemon::run(&mut command);
        if variable == "ECHO_COMPONENT_JID" {
            let header = server.accept().until("'>");
            assert!(header.contains(&format!("to='{value}'")), "{header}");
        } else {
            server.online().echoes(&variable);
        }
        tried += 1;
    }
    assert!(tried > 12, "{tried}");
}

/// What the settings file offers, set or behind a `#`, and its value without quotes.
fn offered() -> BTreeMap<String, String> {
    let file = fs::read_to_string(root().join("config/echo-component.env")).unwrap();
    file.lines()
        .filter_map(|line| line.strip_prefix('#').unwrap_or(line).split_once('='))
        .filter(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        })
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}

/// The lines of a unit without comments.
fn settings(unit: &str) -> Vec<String> {
    let lines = unit_text(unit);
    let lines = lines.lines().filter(|it| !it.is_empty() && !it.starts_with('#'));
    let lines: Vec<_> = lines.map(str::to_owned).collect();
    assert!(lines.len() > 40, "{unit}: {lines:?}");
    lines
}

/// The values of one setting of a unit.
fn values(unit: &str, setting: &str) -> Vec<String> {
    let of_setting = |line: &String| {
        line.split_once('=').filter(|(name, _)| *name == setting).map(|(_, value)| value.to_owned())
    };
    settings(unit).iter().filter_map(of_setting).collect()
}

fn unit_text(unit: &str) -> String {
    fs::read_to_string(root().join("systemd").join(unit)).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The units as they are once installed, but for the place of the program, which systemd looks
/// for. None, and a line that says so, where there is no systemd to ask.
fn installed(test: &str) -> Option<Folder> {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        not_installed(test, "systemd-analyze");
        return None;
    }
    let folder = Folder::new(test);
    for unit in [UNIT, TEMPLATE] {
        let program = env!("CARGO_BIN_EXE_echo-component");
        let shipped = unit_text(unit);
        let here =
            shipped.replace("ExecStart=/usr/bin/echo-component", &format!("ExecStart={program}"));
        assert_ne!(here, shipped);
        fs::write(folder.0.join(unit), here).unwrap();
    }
    Some(folder)
}

fn analyze(options: &[&str], unit: &Path) -> Output {
    Command::new("systemd-analyze").args(options).arg(unit).output().unwrap()
}

/// All that was printed.
fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
