//! The demo on a terminal, with whatever one may type: it shows what comes back, and ends well.

use std::io::Write;
use std::process::{Command, Stdio};

/// A terminal's, in columns.
const WIDTH: usize = 80;

#[test]
fn the_demo_echoes_what_is_typed_and_survives_what_cannot_be_sent() {
    let typed: [&[u8]; 5] =
        [b"good day\n", b"\x1b[A\n", b"not UTF-8: \xff\xfe\n", b"<b> & \t\n", b"\n"];
    let shown = demo(&typed.concat());
    // What is typed and what a terminal makes of control characters stand there too.
    let (samples, answers) = shown.split_once("Ctrl-D ends.").expect("it gets that far");
    for line in samples.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
    assert!(samples.contains("8 of 8 messages"), "{samples}");
    assert_eq!(answers.matches("✓ what you typed").count(), typed.len(), "{answers}");
    assert!(!shown.contains('✗'), "{shown}");
    for told in ["good day</body>", "\\u{1b}[A", "\u{fffd}\u{fffd}", "&lt;b&gt; &amp; \\t<"] {
        assert!(answers.contains(told), "{told} is not in {answers}");
    }
}

#[test]
fn a_plain_message_is_shown_first_and_last() {
    let shown = demo(b"");
    let titles: Vec<_> = shown.lines().filter(|line| line.starts_with('✓')).collect();
    assert_eq!(titles.len(), 8, "{shown}");
    for title in [titles[0], titles[7]] {
        assert!(title.contains("a plain message"), "{title}");
    }
}

/// What it shows when that is typed, and then Ctrl-D.
fn demo(typed: &[u8]) -> String {
    let cargo = env!("CARGO");
    // As the README has it; `script` gives it a terminal.
    let run = format!("{cargo} run --quiet --locked --example demo");
    let mut script = Command::new("script");
    script.args(["-qefc", &run, "/dev/null"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut keys = script.stdin.take().unwrap();
    keys.write_all(typed).unwrap();
    drop(keys);
    let output = script.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}");
    shown
}
