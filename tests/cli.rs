//! The command line as its user meets it: help, errors, exit codes, secrets.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write, pipe};
use std::net::UdpSocket;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};

use clap::CommandFactory;
use echo_component::cli::args::Args;
use echo_component::component::flood::{message_units, request_units};
use support::folder::Folder;
use support::left_out::left_out;
use support::scripted::{Daemon, SECRET, Server, program};

fn run(options: &[&str]) -> Output {
    program().args(options).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const WHOLE: [&str; 6] = ["--jid", "echo.example", "--server", "localhost", "--secret", "x"];

#[test]
fn help_and_version_are_printed() {
    let help = run(&["--help"]);
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    for option in
        ["jid", "server", "port", "secret", "secret-file", "max-stanza-size", "name", "contact"]
    {
        assert!(help.contains(&format!("--{option}")), "{option}");
        let variable = format!("ECHO_COMPONENT_{}", option.to_uppercase().replace('-', "_"));
        assert!(help.contains(&variable), "{variable}");
    }
    let version = run(&["--version"]);
    assert_eq!(
        String::from_utf8(version.stdout).unwrap(),
        concat!("echo-component ", env!("ECHO_COMPONENT_BUILD_VERSION"), "\n")
    );
}

/// A source tree without git has none to name.
#[test]
fn the_version_names_the_commit_that_the_program_is_built_from() {
    let here = env!("CARGO_MANIFEST_DIR");
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(here).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    };
    if git(&["rev-parse", "--show-toplevel"]).is_none_or(|top| top != here) {
        return left_out("the commit in --version, without git");
    }
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap();
    let version = String::from_utf8(run(&["--version"]).stdout).unwrap();
    assert!(version.ends_with(&format!(" ({commit})\n")), "{version}");
}

#[test]
fn help_fits_80_columns_in_groups_and_ends_with_an_example_and_exit_codes() {
    let help = program().arg("--help").env("COLUMNS", "80").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let long: Vec<_> = help.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:?}");
    let places = [
        "\nConnection:\n",
        "\nSecret:\n",
        " --secret-file ",
        " --secret ",
        "\nTLS:\n",
        "\nLimits:\n",
        "\nIdentity:\n",
        "\nOperation:\n",
        "\nExample:\n",
        "\nExit codes:\n  0 ",
        "\n  64 ",
        "\n  69 ",
        "\n  70, 101 ",
        "\n  77 ",
        "\n  78 ",
    ];
    // The usage names an option, too.
    let options = &help[help.find("\nConnection:").unwrap()..];
    let places: Vec<_> =
        places.map(|it| options.find(it).unwrap_or_else(|| panic!("{it:?}"))).into();
    assert!(places.is_sorted(), "{places:?} in {help}");
}

/// In the help, the settings' example and the README.
#[test]
fn the_allowance_is_told_in_the_units_that_it_is_counted_in() {
    let kib = |kib: usize| (message_units(kib << 10), request_units(kib << 10));
    assert_eq!([kib(1), kib(2), kib(3), kib(4)], [(1, 5), (1, 5), (2, 10), (2, 10)]);
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    let file = |name| fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for text in [help, file("README.md"), file("config/echo-component.env")] {
        let words: Vec<_> = text.split_whitespace().filter(|it| *it != "#").collect();
        let text = words.join(" ").replace("for each 2 KiB", "per 2 KiB");
        for sentence in ["an echo takes 1 per 2 KiB begun", "a presence or IQ request 5 times that"]
        {
            assert!(text.to_lowercase().contains(&sentence.to_lowercase()), "{sentence}: {text}");
        }
        assert!(!text.contains("<MESSAGES>"), "{text}");
    }
}

#[test]
fn help_does_not_show_the_secret() {
    let help = program().arg("--help").env("ECHO_COMPONENT_SECRET", SECRET).output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains(SECRET));
}

#[test]
fn wrong_usage_ends_with_64_and_one_sentence() {
    for (options, words) in [
        (&["--port", "0"][..], "'0' for '--port <PORT>': give a number from 1 to 65535"),
        (&["--port", "70000"], "'70000' for"),
        (&["--port", "x"], "give a number from 1 to 65535"),
        (&["--max-stanza-size", "9999"], "'9999' for"),
        (&["--max-stanza-size", "512k"], "give a number of bytes from 10000 to 16777216"),
        (&["--max-stanza-size", "16777217"], "'16777217' for"),
        (&["--flood-burst", "x"], "give a number of units from 0 to 4294967295"),
        (&["--flood-rate", "0"], "from 1 to 4294967295; --flood-burst 0 turns the limit off"),
        (&["--ping-interval", "-1"], "'-1' for '--ping-interval <SECONDS>': give a number of"),
        (&["--ping-interval", "4294967296"], "give a number of seconds from 0 to 4294967295"),
        (&["-P", "-1"], "'-1' for '--port <PORT>': give a number from 1 to 65535"),
        (&["--max-stanza-size", "-1"], "'-1' for '--max-stanza-size <BYTES>'"),
        (&["--flood-burst", "-1"], "'-1' for '--flood-burst <UNITS>'"),
        (&["--flood-rate", "-1"], "'-1' for '--flood-rate <UNITS>'"),
        (&["--metrics", "localhost:9469"], "such as 127.0.0.1:9469"),
        (&["--unknown"], "--unknown"),
        (&["extra"], "extra"),
        (&["--por", "1"], "'--por' found; a similar argument exists: '--port'"),
        (&["--", "--port"], "unexpected argument '--port' found"),
        (&["--port"], "a value is required for '--port <PORT>'"),
        (&["--jid", "twice.example"], "'--jid <DOMAIN>' cannot be used multiple times"),
        (&["--quiet=x"], "unexpected value 'x' for '--quiet'"),
        (&["-q", "-v"], "'--quiet' cannot be used with '--verbose...'"),
        (&["--tls-ca", "/x"], "'--tls-ca <FILE>' has no effect without --tls; add --tls"),
    ] {
        let output = run(&[&WHOLE[..], options].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(64), "{options:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{options:?}: {said}");
    }
}

#[test]
fn the_exit_code_is_the_same_if_no_one_reads() {
    for (options, code) in
        [(&["--help"][..], 0), (&["--port", "0"], 64), (&["--unknown"], 64), (&["--name", " "], 78)]
    {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut command = program();
        command.args(options).stdout(writer.try_clone().unwrap()).stderr(writer);
        assert_eq!(command.status().unwrap().code(), Some(code), "{options:?}");
    }
}

#[test]
fn wrong_values_end_with_78_and_one_sentence() {
    let folder = Folder::new("wrong-values");
    let empty = folder.file("empty", b"\n", 0o600);
    let lines = folder.file("lines", b"one\ntwo\n", 0o600);
    let binary = folder.file("binary", b"\xff", 0o600);
    let long = folder.file("long", &[b'x'; 5000], 0o600);
    let folder_itself = folder.0.to_str().unwrap();
    for (options, words) in [
        (&["--jid", "u@echo.example"][..], "u@echo.example"),
        (&["--jid", "echo.example/r"], "resource"),
        (&["--jid", "a b"], "a b"),
        (&["--server", "a:5347"], "--port"),
        (&["--server", "a b"], "host name"),
        (&["--server", "http://localhost"], "it begins with a scheme: give the host name alone"),
        (&["--secret", ""], "--secret is empty: give the secret that the server has for this JID"),
        (&["--secret", "a\nb"], "the secret of --secret has more than one line"),
        (
            &["--secret-file", "/no/such/file"],
            "there is no secret file /no/such/file: check --secret-file",
        ),
        (&["--secret-file", folder_itself], "Is a directory: name the file with the secret in it"),
        (&["--tls", "--tls-ca", "/no/such/file"], "there is no file /no/such/file: check --tls-ca"),
        (
            &["--tls", "--tls-ca", folder_itself],
            "Is a directory: name a file with certificates in it",
        ),
        (&["--secret-file", &empty], "is empty"),
        (&["--secret-file", &lines], "more than one line"),
        (&["--secret-file", &binary], "UTF-8"),
        (&["--secret-file", &long], "4096"),
        (&["--name", " "], "--name"),
        (&["--name", &"\u{fc}".repeat(101)], "it has 202 bytes, and 200 are the most"),
        (&["--name", "a\u{1}b"], "it contains what XML forbids"),
        (&["--name", "a\u{ffff}b"], "it contains what XML forbids"),
        (&["--contact", "admin@example.com"], "mailto:admin@example.com"),
        (&["--contact", "mailto:a\u{fffe}@b"], "contains what XML forbids"),
    ] {
        let mut defaults = vec![];
        for pair in [["--jid", "echo.example"], ["--server", "localhost"], ["--secret", "x"]] {
            if pair[0] != options[0] {
                defaults.extend(pair);
            }
        }
        let output = run(&[&defaults[..], options].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{options:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{options:?}: {said}");
        assert!(!said.contains("os error"), "an admin has no use for its number: {said}");
    }
}

/// The JID and the server are where most first tries go wrong.
#[test]
fn a_bad_jid_or_server_is_told_by_its_cause() {
    for (option, value, why) in [
        ("--jid", "echo example", "it contains a blank"),
        ("--jid", "https://echo.example.com", "it begins with a scheme"),
        ("--jid", "xmpp:echo.example.com", "it begins with a scheme"),
        ("--jid", "echo.example.com:5347", "it ends with a port: give the server's with --port"),
        ("--jid", "a..b", "a dot too many"),
        ("--jid", ".a", "a dot too many"),
        ("--jid", "192.0.2.1", "it is an IP address"),
        ("--jid", "a&b.example", "it contains what domains do not"),
        ("--jid", "\"echo.example\"", "it is in quotes, which docker's --env-file keeps"),
        ("--server", "a host", "it contains a blank"),
        ("--server", "xmpp:example.com", "it begins with a scheme"),
        ("--server", "example.com:5347", "it ends with a port: give that with --port"),
        ("--server", "a..b", "a dot too many"),
        ("--server", "unix:/run/xmpp", "it is a socket in the file system"),
        ("--server", "admin@example.com", "it is somebody's address"),
        ("--server", "example.com/x", "it contains what host names do not"),
        ("--server", "::1%", "it contains what host names do not"),
        ("--server", "'localhost'", "it is in quotes, which docker's --env-file keeps"),
    ] {
        let mut options = WHOLE;
        options[if option == "--jid" { 1 } else { 3 }] = value;
        let output = run(&options);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{value}: {said}");
        assert!(said.contains(&format!("{option} {value:?} is not a")), "{value}: {said}");
        assert!(said.contains(why) && said.lines().count() == 1, "{value}: {said}");
    }
}

#[test]
fn an_ipv6_address_may_have_a_zone() {
    for server in ["fe80::1%lo", "[fe80::1%lo]"] {
        let output = run(&["-j", "a", "-s", server, "--secret", "x", "-P", "1", "--check"]);
        // Nobody is there, which is found out by trying.
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    }
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let said = stderr(&run(&[]));
    for words in ["give --jid or set ECHO_COMPONENT_JID", "; give --server", "; there is no secret"]
    {
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
    let output =
        program().env("CREDENTIALS_DIRECTORY", "/run/x/echo-component@muc.service").output();
    let said = stderr(&output.unwrap());
    assert!(said.contains("write it into /etc/echo-component/muc.secret"), "{said}");
}

#[test]
fn what_is_missing_is_named() {
    for (options, words) in [
        (&["--server", "localhost"][..], "ECHO_COMPONENT_JID"),
        (&["--jid", "echo.example"], "ECHO_COMPONENT_SERVER"),
        (&["--jid", "echo.example", "--server", "localhost"], "--secret-file"),
    ] {
        let output = run(options);
        assert_eq!(output.status.code(), Some(78));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn a_filter_that_is_none_or_hides_errors_is_named() {
    for filter in ["a=b=c", "inof", "off", "hyper=debug", "echo_component=off"] {
        let output = program().args(WHOLE).env("RUST_LOG", filter).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{filter}: {said}");
        assert!(said.contains(&format!("RUST_LOG={filter:?}")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_filter_may_show_some_modules_only() {
    for filter in ["error", "info,hyper=debug", "echo_component=warn"] {
        let mut command = program();
        command.args(["-j", "a b"]).args(&WHOLE[2..]).env("RUST_LOG", filter);
        let said = stderr(&command.output().unwrap());
        assert!(said.contains("\"a b\" is not a domain"), "{filter}: {said}");
    }
}

#[test]
fn the_journal_is_told_that_what_ends_the_daemon_is_an_error() {
    let folder = Folder::new("journal");
    for (options, code) in [(["--jid", "a b"], 78), (["--port", "x"], 64)] {
        let path = folder.file("stderr", b"", 0o600);
        let stderr = fs::File::create(&path).unwrap();
        let metadata = stderr.metadata().unwrap();
        let stream = format!("{}:{}", metadata.dev(), metadata.ino());
        let mut command = program();
        command.args(&WHOLE[2..]).args(options).env("JOURNAL_STREAM", stream).stderr(stderr);
        assert_eq!(command.status().unwrap().code(), Some(code));
        let said = fs::read_to_string(&path).unwrap();
        assert!(said.lines().last().unwrap().starts_with("<3>"), "{said}");
    }
}

#[test]
fn the_three_flags_suffice_with_the_secrets_file_in_the_environment_or_a_credential() {
    let folder = Folder::new("secret-file");
    let file = folder.file("secret", format!("{SECRET}\r\n").as_bytes(), 0o600);
    let directory = folder.0.to_str().unwrap();
    for (variable, value) in
        [("ECHO_COMPONENT_SECRET_FILE", &*file), ("CREDENTIALS_DIRECTORY", directory)]
    {
        let server = Server::start();
        let mut command = program();
        command.args(["--jid", "echo.example", "--server", "localhost", "--port"]);
        command.arg(server.port().to_string()).env(variable, value);
        let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", "another"));
        let handshake = server.accept().header();
        assert!(handshake.contains(support::scripted::DIGEST), "{handshake}");
        daemon.signal("TERM");
        daemon.ends();
        assert!(!daemon.log.iter().any(|line| line.contains("can read")), "{:?}", daemon.log);
    }
}

/// A unit without the secret's file hands over an empty credential.
#[test]
fn an_empty_credential_is_none() {
    let folder = Folder::new("empty-credential");
    folder.file("secret", b"\n", 0o600);
    let server = Server::start();
    let mut command = program();
    command.args(["-j", "echo.example", "-s", "localhost", "-P", &server.port().to_string()]);
    command.env("CREDENTIALS_DIRECTORY", &folder.0).env("ECHO_COMPONENT_SECRET", SECRET);
    let _daemon = Daemon::run(&mut command);
    let handshake = server.accept().header();
    assert!(handshake.contains(support::scripted::DIGEST), "{handshake}");
}

#[test]
fn a_line_break_at_the_end_of_the_secrets_variable_is_no_part_of_it() {
    for end in ["\n", "\r\n"] {
        let server = Server::start();
        let mut command = program();
        command.args(["-j", "echo.example", "-s", "localhost", "-P", &server.port().to_string()]);
        let _daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", format!("{SECRET}{end}")));
        let handshake = server.accept().header();
        assert!(handshake.contains(support::scripted::DIGEST), "{handshake}");
    }
}

/// In a container without enableServiceLinks: false.
#[test]
fn a_port_that_kubernetes_set_is_passed_over() {
    let mut command = program();
    command.env("ECHO_COMPONENT_PORT", "tcp://10.96.0.7:5347");
    command.args(["-j", "echo.example", "-s", "127.0.0.1", "--secret", SECRET]);
    let mut daemon = Daemon::run(&mut command);
    let said = daemon.logs("Kubernetes sets it for a Service named echo-component");
    assert!(said.contains("ECHO_COMPONENT_PORT=tcp://10.96.0.7:5347 is passed over"), "{said}");
    daemon.logs("server=127.0.0.1:5347");
}

#[test]
fn quotes_around_the_secret_are_warned_of() {
    let server = Server::start();
    let mut command = program();
    command.args(["-j", "echo.example", "-s", "127.0.0.1", "-P", &server.port().to_string()]);
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", "\"quoted\""));
    let said = daemon.logs("stands in quotes, which docker's --env-file keeps, and they count");
    assert!(!said.contains("quoted"), "{said}");

    let folder = Folder::new("quotes");
    let file = folder.file("secret", b"'quoted'\n", 0o600);
    let mut daemon = Daemon::start_with(&Server::start(), &["--secret-file", &file]);
    let said = daemon.logs(&format!("the secret in {file} stands in quotes, and they count"));
    assert!(said.contains("remove them, unless the server's secret has them too"), "{said}");
}

#[test]
fn a_pipe_with_the_secret_is_read_as_the_message_says() {
    assert!(stderr(&run(&WHOLE[..4])).contains("(--secret-file /dev/stdin reads a pipe)"));
    let server = Server::start();
    let (reader, mut writer) = pipe().unwrap();
    writeln!(writer, "{SECRET}").unwrap();
    drop(writer);
    let mut command = program();
    command.args(["-j", "echo.example", "-s", "127.0.0.1", "-P", &server.port().to_string()]);
    let mut daemon = Daemon::run(command.args(["--secret-file", "/dev/stdin"]).stdin(reader));
    // A pipe can be read once, and the secret lasts for every try.
    for _ in 0..2 {
        let handshake = server.accept().header();
        assert!(handshake.contains(support::scripted::DIGEST), "{handshake}");
    }
    daemon.signal("TERM");
    daemon.ends();
    assert!(!daemon.log.iter().any(|line| line.contains("from before")), "{:?}", daemon.log);
}

/// As containers have theirs. Mounting takes a namespace of our own, which not every machine allows.
#[test]
fn an_open_secret_on_a_read_only_mount_is_not_warned_of() {
    let folder = Folder::new("read-only");
    folder.file("secret", SECRET.as_bytes(), 0o444);
    let server = Server::start();
    let at = folder.0.to_str().unwrap();
    let script =
        "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", script, "sh", at]);
    command.arg(env!("CARGO_BIN_EXE_echo-component"));
    command.args(["-j", "echo.example", "-s", "127.0.0.1", "-P", &server.port().to_string()]);
    command.args(["--secret-file", &format!("{at}/secret")]);
    let may = Command::new("unshare").args(["--mount", "--map-root-user", "true"]).output();
    if !may.is_ok_and(|it| it.status.success()) {
        return left_out("a secret on a read-only mount, which cannot be had here");
    }
    let mut daemon = Daemon::run(command.stderr(Stdio::piped()));
    server.online().echoes("x");
    daemon.logs("online");
    assert_eq!(daemon.log.len(), 1, "{:?}", daemon.log);
}

#[test]
fn everything_can_come_from_the_environment() {
    let server = Server::start();
    let mut command = program();
    command.env("ECHO_COMPONENT_JID", "echo.example").env("ECHO_COMPONENT_SERVER", "127.0.0.1");
    command.env("ECHO_COMPONENT_PORT", server.port().to_string());
    command.env("ECHO_COMPONENT_SECRET", SECRET).env("ECHO_COMPONENT_VERBOSE", "True");
    command.env("ECHO_COMPONENT_NAME", "Mirror");
    command.env("ECHO_COMPONENT_CONTACT", "mailto:a@example.com xmpp:b@example.com");
    let _daemon = Daemon::run(&mut command);
    let mut peer = server.online();
    peer.send(
        "<iq type='get' id='1' from='u@x' to='echo.example'>\
         <query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    );
    let info = peer.until("</iq>");
    for word in ["Mirror", ">mailto:a@example.com<", ">xmpp:b@example.com<"] {
        assert!(info.contains(word), "{info}");
    }
}

#[test]
fn switches_in_the_environment_may_be_off() {
    let server = Server::start();
    let mut command = program();
    for (name, value) in [("QUIET", "False"), ("VERBOSE", "No"), ("TLS", "0")] {
        command.env(format!("ECHO_COMPONENT_{name}"), value);
    }
    command.args(["-j", "echo.example", "-s", "127.0.0.1", "-P", &server.port().to_string()]);
    let mut daemon = Daemon::run(command.env("ECHO_COMPONENT_SECRET", SECRET));
    server.online();
    daemon.logs("online");
}

#[test]
fn an_empty_variable_counts_as_none() {
    let server = Server::start();
    let mut command = program();
    let mut count = 0;
    for option in Args::command().get_arguments() {
        if let Some(variable) = option.get_env() {
            command.env(variable, "");
            count += 1;
        }
    }
    assert!(count > 8, "{count}");
    command.env("CREDENTIALS_DIRECTORY", "").env("RUST_LOG", "");
    command.env("ECHO_COMPONENT_JID", "echo.example").env("ECHO_COMPONENT_SERVER", "127.0.0.1");
    command.env("ECHO_COMPONENT_SECRET", SECRET).args(["-P", &server.port().to_string()]);
    let mut daemon = Daemon::run(&mut command);
    server.online().echoes("x");
    daemon.signal("TERM");
    daemon.ends();
    assert!(daemon.log[0].contains("online"), "no warning: {:?}", daemon.log);
}

#[test]
fn more_than_one_blank_between_contacts_does_no_harm() {
    let server = Server::start();
    let mut command = program();
    command.args(["-j", "echo.example", "-s", "127.0.0.1", "-P", &server.port().to_string()]);
    command.env("ECHO_COMPONENT_SECRET", SECRET);
    command.env("ECHO_COMPONENT_CONTACT", " mailto:a@example.com  xmpp:b@example.com ");
    let _daemon = Daemon::run(&mut command);
    let mut peer = server.online();
    peer.send(
        "<iq type='get' id='1' from='u@x' to='echo.example'>\
         <query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    );
    let info = peer.until("</iq>");
    assert!(info.contains(">mailto:a@example.com<"), "{info}");
    assert!(info.contains(">xmpp:b@example.com<"), "{info}");
}

#[test]
fn a_wrong_variable_ends_with_78_and_its_name() {
    for (variables, words) in [
        (&[("JID", "u@echo.example")][..], "ECHO_COMPONENT_JID \"u@echo.example\""),
        (&[("SERVER", "a:5347")], "ECHO_COMPONENT_SERVER \"a:5347\""),
        (&[("SERVER", "a b")], "ECHO_COMPONENT_SERVER \"a b\""),
        (&[("PORT", "abc")], "'abc' for ECHO_COMPONENT_PORT"),
        (&[("TLS", "maybe")], "'maybe' for ECHO_COMPONENT_TLS"),
        (&[("TLS_CA", "/x")], "ECHO_COMPONENT_TLS_CA has no effect without --tls; add --tls"),
        (&[("MAX_STANZA_SIZE", "512k")], "'512k' for ECHO_COMPONENT_MAX_STANZA_SIZE"),
        (&[("FLOOD_BURST", "-1")], "'-1' for ECHO_COMPONENT_FLOOD_BURST"),
        (&[("FLOOD_RATE", "0")], "'0' for ECHO_COMPONENT_FLOOD_RATE"),
        (&[("NAME", " ")], "ECHO_COMPONENT_NAME \" \""),
        (&[("CONTACT", "xmpp:a@b me@b")], "ECHO_COMPONENT_CONTACT \"me@b\""),
        (&[("METRICS", "localhost:1")], "'localhost:1' for ECHO_COMPONENT_METRICS"),
        (&[("VERBOSE", "loud")], "'loud' for ECHO_COMPONENT_VERBOSE: give 0, 1 or 2"),
        (
            &[("QUIET", "1"), ("VERBOSE", "yes")],
            "ECHO_COMPONENT_QUIET cannot be used with ECHO_COMPONENT_VERBOSE",
        ),
    ] {
        let mut command = program();
        command.env("ECHO_COMPONENT_JID", "echo.example");
        command.env("ECHO_COMPONENT_SERVER", "localhost").env("ECHO_COMPONENT_SECRET", "x");
        for (name, value) in variables {
            command.env(format!("ECHO_COMPONENT_{name}"), value);
        }
        let output = command.output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{variables:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{variables:?}: {said}");
    }
}

#[test]
fn a_variable_that_is_no_text_is_named_without_its_value() {
    let value = OsStr::from_bytes(b"hidden\xff");
    let output =
        program().args(["-j", "a", "-s", "b"]).env("ECHO_COMPONENT_SECRET", value).output();
    let output = output.unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("ECHO_COMPONENT_SECRET is not UTF-8 text"), "{said}");
    assert!(!said.contains("hidden"), "{said}");
}

#[test]
fn what_is_wrong_on_the_command_line_too_is_wrong_usage() {
    let output = program().args(["--port", "x"]).env("ECHO_COMPONENT_TLS", "maybe").output();
    assert_eq!(output.unwrap().status.code(), Some(64));
}

#[test]
fn a_secret_that_others_can_read_is_warned_of() {
    let folder = Folder::new("open-secret");
    let file = folder.file("secret", SECRET.as_bytes(), 0o644);
    let shown = "visible to every local user in ps";
    let unused = format!("{shown}, and not used, since there is the secret file {file}: leave");
    for (options, words) in [
        (&["--secret-file", &*file][..], "others can read"),
        (&["--secret", SECRET], &format!("{shown}; use --secret-file instead")),
        (&["--secret", "another", "--secret-file", &file], &unused),
    ] {
        let mut daemon = Daemon::start_with(&Server::start(), options);
        daemon.logs(words);
    }
}

/// Whatever else has it: `ps` shows it all the same.
#[test]
fn a_secret_on_the_command_line_is_warned_of_beside_a_credential_and_a_variable() {
    let folder = Folder::new("shown-secret");
    folder.file("secret", SECRET.as_bytes(), 0o600);
    let directory = folder.0.to_str().unwrap();
    for (variable, value, words) in [
        ("CREDENTIALS_DIRECTORY", directory, "not used, since there is systemd's credential"),
        ("ECHO_COMPONENT_SECRET", SECRET, "in ps; use --secret-file instead"),
    ] {
        let server = Server::start();
        let mut command = program();
        command.args(["-j", "echo.example", "-s", "localhost", "-P", &server.port().to_string()]);
        let mut daemon = Daemon::run(command.args(["--secret", SECRET]).env(variable, value));
        let said = daemon.logs(words);
        assert!(!said.contains(SECRET), "{said}");
    }
}

#[test]
fn a_request_to_reload_is_answered_in_the_log_and_changes_nothing() {
    let server = Server::start();
    let mut daemon = Daemon::start(&server);
    let mut peer = server.online();
    for _ in 0..2 {
        peer.echoes("before");
        daemon.signal("HUP");
        daemon.logs("settings are read only at a start");
        peer.echoes("after");
    }
    daemon.signal("TERM");
    peer.until("</stream:stream>");
    peer.close();
    assert_eq!(daemon.ends().code(), Some(0));
}

/// util-linux' script gives the program a terminal.
fn on_a_terminal(options: &str) -> Command {
    let daemon = format!("{} {options}", env!("CARGO_BIN_EXE_echo-component"));
    // A developer's nohup must not reach it.
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP", "script", "-qefc", &daemon, "/dev/null"]).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[test]
fn the_stream_is_closed_when_the_terminal_is() {
    let server = Server::start();
    let options = format!("-j echo.example -s 127.0.0.1 -P {}", server.port());
    let mut terminal =
        on_a_terminal(&options).env("ECHO_COMPONENT_SECRET", SECRET).spawn().unwrap();
    let mut peer = server.online();
    peer.echoes("x");
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    peer.until("</stream:stream>");
}

#[test]
fn blanks_around_the_secret_are_warned_of() {
    let folder = Folder::new("blanks");
    for (secret, slip) in [
        (" x\n", "begins with a blank"),
        ("x \n", "ends with a blank"),
        ("x\t", "ends with a blank"),
        ("\u{feff}x", "begins with a byte order mark"),
    ] {
        let file = folder.file("secret", secret.as_bytes(), 0o600);
        let mut daemon = Daemon::start_with(&Server::start(), &["--secret-file", &file]);
        daemon.logs(&format!("the secret in {file} {slip}, and it counts: remove it, unless"));
    }
}

/// Root reads every file, so it runs as nobody here, which only root can arrange.
#[test]
fn a_secret_that_the_daemons_user_cannot_read_is_named() {
    let folder = Folder::new("unreadable");
    let file = folder.file("secret", SECRET.as_bytes(), 0o600);
    let mut command = program();
    command.args(["-j", "echo.example", "-s", "localhost", "--secret-file", &file]);
    let Ok(output) = command.uid(65534).gid(65534).output() else {
        return left_out("a secret that the daemon's user cannot read, without root");
    };
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("the user that the daemon runs as must be able to read it"), "{said}");
}

/// Nothing is sent to find the address that this machine would send from.
#[test]
fn a_server_at_this_machines_own_address_is_not_warned_of() {
    let own = UdpSocket::bind("0.0.0.0:0").and_then(|it| {
        it.connect("192.0.2.1:9")?;
        it.local_addr()
    });
    // A machine without a network has no such address.
    let Ok(own) = own else {
        return left_out("a server at this machine's own address, without a network");
    };
    let server = Server::at(&format!("{}:0", own.ip()));
    let mut command = program();
    command.args(["-j", "echo.example", "-s", &own.ip().to_string()]);
    command.args(["-P", &server.port().to_string()]).env("ECHO_COMPONENT_SECRET", SECRET);
    let mut daemon = Daemon::run(&mut command);
    server.online().echoes("x");
    daemon.logs("online");
    assert_eq!(daemon.log.len(), 1, "{:?}", daemon.log);
}

/// Waits until the terminal of that process' child no longer shows what is typed: the prompt comes
/// a moment before.
fn wait_until_nothing_is_shown(parent: u32) {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let terminal = format!("/proc/{}/fd/0", children.trim());
    let deadline = std::time::Instant::now() + support::scripted::SOON;
    while std::time::Instant::now() < deadline {
        let settings = Command::new("stty").args(["-a", "-F", &terminal]).output().unwrap();
        if String::from_utf8(settings.stdout).unwrap().contains(" -echo ") {
            return;
        }
    }
    panic!("the terminal goes on showing what is typed");
}

/// Types the answers, each when its prompt is there, and says what the terminal showed.
fn answer(terminal: &mut Child, answers: &[(&str, &str)]) -> Vec<u8> {
    let parent = terminal.id();
    let (keys, screen) = (terminal.stdin.as_mut().unwrap(), terminal.stdout.as_mut().unwrap());
    let mut shown = Vec::new();
    for (prompt, answer) in answers {
        let before = shown.len();
        while !shown[before..].ends_with(prompt.as_bytes()) {
            let mut byte = [0];
            screen.read_exact(&mut byte).unwrap();
            shown.push(byte[0]);
        }
        if prompt.starts_with("shown") {
            wait_until_nothing_is_shown(parent);
        }
        keys.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    shown
}

#[test]
fn a_bad_answer_is_told_why_and_asked_for_again() {
    let server = Server::start();
    let mut terminal = on_a_terminal(&format!("--port {}", server.port())).spawn().unwrap();
    let shown = answer(
        &mut terminal,
        &[
            ("echo.example.com): ", "https://echo.example"),
            ("echo.example.com): ", "echo.example"),
            ("address: ", "two words"),
            ("address: ", ""),
            ("address: ", "127.0.0.1"),
            ("shown): ", ""),
            ("shown): ", SECRET),
        ],
    );
    let handshake = server.accept().header();
    assert!(handshake.contains(support::scripted::DIGEST), "{handshake}");
    let shown = String::from_utf8_lossy(&shown);
    for why in ["it begins with a scheme", "it contains a blank", "it is empty", "cannot be empty"]
    {
        assert!(shown.contains(why), "{why}: {shown}");
    }
    terminal.kill().unwrap();
    terminal.wait().unwrap();
}

/// Where output goes to a pipe or a file, somebody still has to see the questions.
#[test]
fn questions_go_to_the_terminal_wherever_output_goes() {
    let folder = Folder::new("questions");
    let output = folder.0.join("output");
    let options = format!("--check --port 1 >{0} 2>{0}", output.display());
    let mut terminal = on_a_terminal(&options).spawn().unwrap();
    answer(
        &mut terminal,
        &[("echo.example.com): ", "echo.example"), ("address: ", "127.0.0.1"), ("shown): ", "x")],
    );
    assert_eq!(terminal.wait().unwrap().code(), Some(69));
    let said = fs::read_to_string(output).unwrap();
    assert!(said.contains("cannot be reached") && said.lines().count() == 1, "{said}");
}

#[test]
fn what_is_missing_is_asked_for_on_a_terminal_and_the_secret_is_not_shown() {
    let server = Server::start();
    let mut terminal = on_a_terminal(&format!("--port {}", server.port())).spawn().unwrap();
    let mut shown = answer(
        &mut terminal,
        &[
            ("echo.example.com): ", "echo.example"),
            ("address: ", "127.0.0.1"),
            ("shown): ", SECRET),
        ],
    );
    let handshake = server.accept().header();
    assert!(handshake.contains(support::scripted::DIGEST), "{handshake}");
    terminal.stdin.as_mut().unwrap().write_all(b"\x03").unwrap(); // Ctrl-C
    terminal.stdout.as_mut().unwrap().read_to_end(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown);
    terminal.wait().unwrap();
    assert!(shown.contains("stopping on SIGINT") && !shown.contains(SECRET), "{shown}");
}
