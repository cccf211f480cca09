//! The man page and the shells' completions in `config/generated` are what the command line's
//! definition makes of them, and real shells and man pages' readers take them.
//!
//! They are kept in the repository, so that neither a build nor a package has to make them; this
//! test fails as soon as they differ from the definition, and with
//! `ECHO_COMPONENT_GENERATE=1 cargo test --test generated` it writes them anew.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use clap::Command;
use echo_component::cli::args::Args;
use support::folder::Folder;
use support::left_out::not_installed;
use support::scripted::program;

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
    Args::definition()
}

/// The long options.
fn options() -> Vec<String> {
    command().get_arguments().filter_map(|it| it.get_long().map(str::to_owned)).collect()
}

/// All files by name, as the program prints them.
fn generated() -> BTreeMap<String, String> {
    let files = [
        ("man", "echo-component.1"),
        ("bash", "echo-component.bash"),
        ("zsh", "_echo-component"),
        ("fish", "echo-component.fish"),
    ];
    files.map(|(page, name)| (name.to_owned(), printed(page))).into()
}

fn printed(page: &str) -> String {
    let printed = program().args(["--print", page]).output().unwrap();
    assert!(printed.status.success(), "{page}: {printed:?}");
    String::from_utf8(printed.stdout).unwrap()
}

/// Runs a program with a script on its standard input. None, and a line that says so, where it is not
/// installed.
fn run(test: &str, command: &[&str], script: &str) -> Option<String> {
    let mut running = Process::new(command[0]);
    running.args(&command[1..]).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    running.env("TERM", "dumb").env("HOME", "/nonexistent");
    running.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut running) = running.spawn() else {
        not_installed(test, command[0]);
        return None;
    };
    running.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn mandoc_has_nothing_to_say_about_the_man_page() {
    let test = "mandoc_has_nothing_to_say_about_the_man_page";
    let Some(said) = run(test, &["mandoc", "-Tlint"], &printed("man")) else { return };
    assert_eq!(said, "");
}

#[test]
fn the_man_page_has_a_short_name_values_in_the_synopsis_and_examples() {
    let page = printed("man").replace("\\-", "-");
    for words in [
        ".TH ECHO-COMPONENT 1 20",
        "echo-component - XMPP component that echoes messages back to their senders\n",
        ".I DOMAIN\n",
        ".SH EXAMPLES\n",
        ".SH FILES\n",
        ".TP\n.B 77\n",
    ] {
        assert!(page.contains(words), "{words:?} in {page}");
    }
}

/// Whatever is built, and from where: a page with a date of its own would change with each commit.
#[test]
fn the_man_page_is_of_the_day_of_the_newest_release() {
    let releases = include_str!("../config/debian/changelog");
    let trailer = releases.lines().find(|line| line.starts_with(" -- ")).unwrap();
    let (_, date) = trailer.split_once(", ").unwrap();
    let page = printed("man");
    let shown = page.lines().find(|line| line.starts_with(".TH ")).unwrap();
    let shown: Vec<_> = shown.split(' ').nth(3).unwrap().split('-').collect();
    let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let month = months.split(' ').nth(shown[1].parse::<usize>().unwrap() - 1).unwrap();
    let shown = format!("{} {month} {} ", shown[2], shown[0]);
    assert!(date.starts_with(&shown), "{shown:?} in the page, {date:?} in config/debian/changelog");
}

/// What a shell offers behind each of these, one line for each.
const TYPED: [&str; 6] =
    ["--secret-f", "--log-format ", "--jid echo", "--port echo", "--secret echo", "--metrics echo"];

/// An option, the values of an option, and no file names where there are none to give.
#[track_caller]
fn completes(test: &str, command: &[&str], script: impl Fn(&str, &Path) -> String) {
    let folder = Folder::new(test);
    folder.file("echo-component.toml", b"", 0o600);
    for (typed, wanted) in
        TYPED.iter().zip([&["--secret-file"][..], &["text", "json"], &[], &[], &[], &[]])
    {
        let Some(said) = run(test, command, &script(typed, &folder.0)) else { return };
        let offered: Vec<_> = said.split_whitespace().collect();
        for word in wanted {
            assert!(offered.contains(word), "{typed:?}: {said}");
        }
        assert!(!said.contains("echo-component.toml"), "{typed:?} offers files: {said}");
        assert!(!said.contains("error") && !said.contains("not found"), "{typed:?}: {said}");
    }
    let Some(said) = run(test, command, &script("--secret-file echo", &folder.0)) else { return };
    assert!(said.contains("echo-component.toml"), "files are offered for a file: {said}");
}

#[test]
fn bash_completes_options_and_values() {
    let file = folder().join("echo-component.bash");
    completes(
        "bash_completes_options_and_values",
        &["bash", "--norc", "--noprofile"],
        |typed, at| {
            let last = typed.rsplit(' ').next().unwrap();
            let before = typed.rsplit(' ').nth(1).unwrap_or("echo-component");
            format!(
                "cd {at}; source {file}; read -ra COMP_WORDS <<<'echo-component {typed}'; {blank}\n\
             COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _echo__component echo-component '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
                at = at.display(),
                file = file.display(),
                blank = if last.is_empty() { "COMP_WORDS+=('')" } else { "" },
            )
        },
    );
}

#[test]
fn fish_completes_options_and_values() {
    let file = folder().join("echo-component.fish");
    completes("fish_completes_options_and_values", &["fish", "--no-config"], |typed, at| {
        format!(
            "cd {}; source {}; complete --do-complete 'echo-component {typed}'\n",
            at.display(),
            file.display()
        )
    });
}

/// zsh completes only where somebody types, so it is given a terminal of its own. What is typed before
/// its prompt is there goes to the terminal instead.
#[test]
fn zsh_completes_options_and_values() {
    let functions = folder();
    completes("zsh_completes_options_and_values", &["zsh", "-f"], |typed, at| {
        format!(
            "zmodload zsh/zpty\n\
             zpty inner zsh -f -i\n\
             zpty -w inner 'cd {at}; PROMPT=typ\"\"e:; unsetopt prompt_cr prompt_sp; LISTMAX=1000'\n\
             zpty -w inner 'fpath=({functions} $fpath); autoload -U compinit; compinit -u -D'\n\
             zpty -w inner 'zstyle \":completion:*\" list-separator \" \"; bindkey \"^I\" list-choices'\n\
             zpty -w inner 'print re''ady'\n\
             zpty -r inner seen '*ready*type:*'\n\
             zpty -n -w inner $'echo-component {typed}\\t'\n\
             zpty -n -w inner $'\\C-uprint do''ne\\n'\n\
             zpty -r inner seen '*done*'\n\
             print -r -- \"$seen\"\n",
            at = at.display(),
            functions = functions.display(),
        )
    });
}
