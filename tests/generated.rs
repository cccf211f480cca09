//! The man page and the shells' completions in `config/generated` are what the command line's
//! definition makes of them.
//!
//! They are kept in the repository, so that neither a build nor a package has to make them; this
//! test fails as soon as they differ from the definition, and with
//! `ECHO_COMPONENT_GENERATE=1 cargo test --test generated` it writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use echo_component::cli::args::Args;

const NAME: &str = "echo-component";

/// What the command line does not know: the files of the units.
const FILES: &str = "\
.SH FILES
.TP
/etc/echo\\-component/echo\\-component.env, /etc/echo\\-component/NAME.env
The settings of echo\\-component.service and of its instances echo\\-component@NAME.service.
There are none until you write them.
.TP
/usr/share/doc/echo\\-component/examples/echo\\-component.env
All settings, explained, to copy from
.TP
/etc/echo\\-component/echo\\-component.secret, /etc/echo\\-component/NAME.secret
Their secrets, readable by root alone
.SH SEE ALSO
systemctl(1), journalctl(1), systemd.exec(5) for LoadCredential=
";

#[test]
fn the_generated_files_are_up_to_date() {
    for (name, made) in generated() {
        let path = folder().join(&name);
        if std::env::var_os("ECHO_COMPONENT_GENERATE").is_some_and(|it| it == "1") {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, &made).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == made,
            "config/generated/{name} is out of date: run ECHO_COMPONENT_GENERATE=1 cargo test \
             --test generated"
        );
    }
}

#[test]
fn each_generated_file_has_every_option() {
    let options = options();
    assert!(options.len() > 8, "{options:?}");
    for (name, text) in generated() {
        // A man page writes the hyphens so that they are not broken or made dashes.
        let text = text.replace("\\-", "-");
        for option in &options {
            // fish writes `-l option`.
            let there =
                text.contains(&format!("--{option}")) || text.contains(&format!("-l {option}"));
            assert!(there, "{name} lacks --{option}");
        }
    }
}

#[test]
fn the_man_page_has_every_variable_and_exit_code() {
    let page = generated()["echo-component.1"].replace("\\-", "-");
    let variables: Vec<_> = command()
        .get_arguments()
        .filter_map(|it| it.get_env().and_then(|name| name.to_str()).map(str::to_owned))
        .collect();
    assert!(variables.len() > 8, "{variables:?}");
    for word in variables.iter().map(String::as_str).chain(["64", "69", "70", "77", "78"]) {
        assert!(page.contains(word), "{word}");
    }
}

#[test]
fn nothing_lies_in_the_folder_that_is_not_generated() {
    let made = generated();
    let kept: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(kept.len(), made.len(), "{kept:?}");
    assert!(kept.iter().all(|name| made.contains_key(name)), "{kept:?}");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/generated")
}

/// The definition, as it is whoever runs the test.
fn command() -> Command {
    Args::command().name(NAME).bin_name(NAME)
}

/// The long options, without those that clap adds.
fn options() -> Vec<String> {
    command().get_arguments().filter_map(|it| it.get_long().map(str::to_owned)).collect()
}

/// All files by name.
fn generated() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut page = vec![];
    clap_mangen::Man::new(command()).manual("XMPP").render(&mut page).unwrap();
    let page = String::from_utf8(page).unwrap().replace(".SH EXTRA", ".SH EXIT STATUS");
    files.insert("echo-component.1".into(), page + FILES);
    for (shell, name) in [
        (Shell::Bash, "echo-component.bash"),
        (Shell::Zsh, "_echo-component"),
        (Shell::Fish, "echo-component.fish"),
    ] {
        let mut script = vec![];
        clap_complete::generate(shell, &mut command(), NAME, &mut script);
        files.insert(name.into(), String::from_utf8(script).unwrap());
    }
    files
}
