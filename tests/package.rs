//! The Debian package: built as anyone builds it, looked into, installed, run, and purged.
//!
//! It takes a release build, and root to install, so it is asked for: ECHO_COMPONENT_TEST_PACKAGE=1,
//! or the path of a package that has been built.

mod support;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use support::COMPONENT;
use support::left_out::{left_out, not_installed};
use support::scripted::{Daemon, SECRET, Server};

/// Where an admin writes settings.
const SETTINGS: &str = "/etc/echo-component/echo-component.env";

/// Every file in the package, with its mode.
const FILES: [(&str, &str); 19] = [
    ("/usr/bin/echo-component", "-rwxr-xr-x"),
    ("/usr/lib/systemd/system/echo-component.service", "-rw-r--r--"),
    ("/usr/lib/systemd/system/echo-component@.service", "-rw-r--r--"),
    ("/usr/share/bash-completion/completions/echo-component", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/LICENSE-APACHE", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/LICENSE-MIT", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/README.md", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/changelog.Debian.gz", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/changelog.gz", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/copyright", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/examples/alerts.yml", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/examples/echo-component.env", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/examples/ejabberd.yml", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/examples/grafana.json", "-rw-r--r--"),
    ("/usr/share/doc/echo-component/examples/prosody.cfg.lua", "-rw-r--r--"),
    ("/usr/share/fish/vendor_completions.d/echo-component.fish", "-rw-r--r--"),
    ("/usr/share/lintian/overrides/echo-component", "-rw-r--r--"),
    ("/usr/share/man/man1/echo-component.1.gz", "-rw-r--r--"),
    ("/usr/share/zsh/vendor-completions/_echo-component", "-rw-r--r--"),
];

#[test]
fn the_package_is_of_the_version_that_cargo_knows() {
    let changelog = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/debian/changelog");
    let latest = fs::read_to_string(changelog).unwrap();
    let version = concat!("echo-component (", env!("CARGO_PKG_VERSION"), "-");
    assert!(latest.starts_with(version), "config/debian/changelog does not begin with {version}");
}

#[test]
fn the_package_holds_what_an_admin_expects_and_no_more() {
    let Some(package) = package("the_package_holds_what_an_admin_expects_and_no_more") else {
        return;
    };
    let list = run("dpkg-deb", &[OsStr::new("--contents"), package.as_os_str()]);
    let mut files = BTreeMap::new();
    for line in list.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words[1].replace("root", "0"), "0/0", "{line}");
        if line.starts_with('d') {
            assert_eq!(words[0], "drwxr-xr-x", "{line}");
        } else {
            files.insert(words[5].trim_start_matches('.').to_owned(), words[0].to_owned());
        }
    }
    let expected = FILES.iter().map(|(name, mode)| ((*name).to_owned(), (*mode).to_owned()));
    assert_eq!(files, expected.collect());
    // A file of the package's that an admin edits would stop an upgrade with a question.
    assert!(files.keys().all(|name| !name.starts_with("/etc/")), "{files:?}");
}

#[test]
fn the_program_in_the_package_tells_nothing_of_the_machine_that_built_it() {
    let test = "the_program_in_the_package_tells_nothing_of_the_machine_that_built_it";
    let Some(package) = package(test) else { return };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("program");
    run("dpkg-deb", &["--extract".as_ref(), package.as_os_str(), folder.as_os_str()]);
    let program = fs::read(folder.join("usr/bin/echo-component")).unwrap();
    let has = |words: &str| program.windows(words.len()).any(|it| it == words.as_bytes());
    let homes = ["CARGO_HOME", "HOME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let folders = homes.chain([env!("CARGO_MANIFEST_DIR").to_owned()]);
    for folder in folders.filter(|it| it.len() > 1) {
        assert!(!has(&format!("{folder}/")), "the program names {folder}");
    }
    assert!(!has(".symtab"), "the program has symbols");
}

#[test]
fn lintian_finds_no_fault_with_the_package() {
    let test = "lintian_finds_no_fault_with_the_package";
    let Some(package) = package(test).filter(|_| has(test, "lintian")) else { return };
    let options = ["--fail-on", "error,warning", "--allow-root"].map(OsStr::new);
    let said = run("lintian", &[&options[..], &[package.as_os_str()]].concat());
    assert_eq!(said.trim(), "");
}

#[test]
fn the_man_page_and_the_completions_in_the_package_work() {
    let test = "the_man_page_and_the_completions_in_the_package_work";
    let Some(package) = package(test).filter(|_| has(test, "man")) else { return };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("package");
    run("dpkg-deb", &["--extract".as_ref(), package.as_os_str(), folder.as_os_str()]);
    let page = folder.join("usr/share/man/man1/echo-component.1.gz");
    let page = run("man", &["--local-file".as_ref(), page.as_os_str()]);
    for word in ["--max-stanza-size", "ECHO_COMPONENT_JID", "EXIT STATUS", SETTINGS] {
        assert!(page.contains(word), "no {word} in {page}");
    }
    let script = folder.join("usr/share/bash-completion/completions/echo-component");
    // What the shell itself does when someone types --max and presses Tab.
    let press_tab = "source \"$0\"; line=$(complete -p echo-component); line=${line#* -F }; \
                     COMP_WORDS=(echo-component --max); COMP_CWORD=1; \
                     ${line%% *} echo-component --max echo-component; echo \"$COMPREPLY\"";
    let completed = run("bash", &["-c".as_ref(), press_tab.as_ref(), script.as_os_str()]);
    assert_eq!(completed.trim(), "--max-stanza-size");
}

#[test]
fn the_package_installs_runs_and_leaves_nothing_behind() {
    let test = "the_package_installs_runs_and_leaves_nothing_behind";
    let Some(package) = package(test) else { return };
    if run("id", &["-u".as_ref()]).trim() != "0" {
        return left_out(&format!("{test}, since only root can install it"));
    }
    if Path::new("/usr/bin/echo-component").exists() {
        return left_out(&format!("{test}, since there is one installed, which is someone's"));
    }
    let _purged = Purge;
    install(package);
    let mode = fs::metadata("/etc/echo-component").unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    let settings = fs::read_dir("/etc/echo-component").unwrap().count();
    assert_eq!(settings, 0, "they are the admin's to write");
    assert_eq!(leftovers("/etc/systemd/system"), [""; 0], "it is not enabled");
    let version = run("/usr/bin/echo-component", &["--version".as_ref()]);
    let expected = concat!("echo-component ", env!("CARGO_PKG_VERSION"));
    assert!(version.starts_with(expected), "{version}, which names the commit, too");
    echoes_as_configured();
    // An installation or an upgrade keeps what an admin has written, and so does a removal; a purge takes it all.
    let settings = "ECHO_COMPONENT_JID=echo.example\n";
    fs::write(SETTINGS, settings).unwrap();
    for other in ["echo-component.secret", "second.env", "second.secret"] {
        fs::write(Path::new("/etc/echo-component").join(other), SECRET).unwrap();
    }
    install(package);
    assert_eq!(fs::read_to_string(SETTINGS).unwrap(), settings);
    run("dpkg", &["--remove", "echo-component"].map(OsStr::new));
    assert!(!Path::new("/usr/bin/echo-component").exists());
    assert_eq!(fs::read_to_string(SETTINGS).unwrap(), settings);
    run("dpkg", &["--purge", "echo-component"].map(OsStr::new));
    for folder in ["/etc", "/usr", "/lib/systemd", "/var/lib/systemd", "/var/lib/dpkg/info"] {
        assert_eq!(leftovers(folder), [""; 0]);
    }
}

/// The installed program with settings from its environment and the secret from a credential, which
/// is how the unit starts it.
fn echoes_as_configured() {
    let credentials = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("credentials");
    fs::create_dir_all(&credentials).unwrap();
    fs::write(credentials.join("secret"), SECRET).unwrap();
    let server = Server::start();
    let mut command = Command::new("/usr/bin/echo-component");
    command.env_clear().env("CREDENTIALS_DIRECTORY", credentials);
    command.env("ECHO_COMPONENT_JID", COMPONENT).env("ECHO_COMPONENT_SERVER", "localhost");
    command.env("ECHO_COMPONENT_PORT", server.port().to_string());
    let mut daemon = Daemon::run(command.stdin(Stdio::null()).stderr(Stdio::piped()));
    let mut peer = server.online();
    peer.echoes("installed");
    daemon.signal("TERM");
    peer.until("</stream:stream>");
    peer.send("</stream:stream>");
    assert_eq!(daemon.ends().code(), Some(0));
}

/// Purges the package when the test fails half-way.
struct Purge;

impl Drop for Purge {
    fn drop(&mut self) {
        // It is gone already unless the test has failed, which is what will be told.
        let _ = Command::new("dpkg").args(["--purge", "echo-component"]).output();
    }
}

fn install(package: &Path) {
    // Images of containers often leave manuals out.
    let all = ["--path-include=/usr/share/*", "--install"].map(OsStr::new);
    run("dpkg", &[&all[..], &[package.as_os_str()]].concat());
}

/// The files in a folder that are called like the package.
fn leftovers(folder: &str) -> Vec<String> {
    let options = [folder, "-xdev", "-name", "*echo-component*"].map(OsStr::new);
    run("find", &options).lines().map(str::to_owned).collect()
}

/// The package, built once; none, and a line that says so, where that is not asked for.
fn package(test: &str) -> Option<&'static Path> {
    static PACKAGE: OnceLock<PathBuf> = OnceLock::new();
    let asked = std::env::var_os("ECHO_COMPONENT_TEST_PACKAGE").filter(|it| !it.is_empty());
    let Some(asked) = asked else {
        left_out(&format!("{test}, since ECHO_COMPONENT_TEST_PACKAGE is not set"));
        return None;
    };
    let built = asked != "1";
    if !has(test, "dpkg-deb") || !(built || has(test, "cargo-deb")) {
        return None;
    }
    Some(PACKAGE.get_or_init(|| if built { asked.into() } else { build() }))
}

fn build() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("echo-component.deb");
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (manifest, release) = (source.join("Cargo.toml"), source.join("config/release"));
    let options = [env!("CARGO"), "deb", "--locked", "--manifest-path"].map(OsStr::new);
    let output = ["--output".as_ref(), package.as_os_str()];
    let release = release.to_str().unwrap();
    run(release, &[&options[..], &[manifest.as_os_str()], &output[..]].concat());
    package
}

/// Whether there is such a tool. Where all tests have to run, there must be.
fn has(test: &str, tool: &str) -> bool {
    if Command::new(tool).arg("--version").output().is_ok() {
        return true;
    }
    not_installed(test, tool);
    false
}

/// Runs a command, which must succeed, and says what it printed.
#[track_caller]
fn run(program: &str, options: &[&OsStr]) -> String {
    let output = Command::new(program).args(options).env("MANWIDTH", "200").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {options:?}: {printed}{failed}");
    printed
}
