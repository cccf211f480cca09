//! Hostile input by kind, and what must come of each: what a server may forward is echoed, bounced
//! or answered and the stream lives, what is illegal ends the stream with the right condition.
//!
//! The tables are in `hostile/`. All of them go through the component without a connection, cut in
//! every way, and once over a socket to the daemon itself. With `--nocapture` a summary is printed.

mod support;

#[path = "hostile/addresses.rs"]
mod addresses;
#[path = "hostile/case.rs"]
mod case;
#[path = "hostile/characters.rs"]
mod characters;
#[path = "hostile/daemon.rs"]
mod daemon;
#[path = "hostile/headers.rs"]
mod headers;
#[path = "hostile/presence.rs"]
mod presence;
#[path = "hostile/requests.rs"]
mod requests;
#[path = "hostile/sizes.rs"]
mod sizes;
#[path = "hostile/stream_errors.rs"]
mod stream_errors;
#[path = "hostile/structure.rs"]
mod structure;
#[path = "hostile/types.rs"]
mod types;

use case::{Case, Outcome, describe, echo, message};
use echo_component::component::Event;
use echo_component::xml::error::Fault;
use support::Component;

/// A kind of input, and its table.
type Kind = (&'static str, fn() -> Vec<Case>);

const KINDS: [Kind; 8] = [
    ("sizes", sizes::cases),
    ("characters", characters::cases),
    ("structure", structure::cases),
    ("addresses", addresses::cases),
    ("types", types::cases),
    ("presence", presence::cases),
    ("requests", requests::cases),
    ("stream errors", stream_errors::cases),
];

/// What has been sent for an input, and how the stream stands.
type Seen = (Vec<u8>, Result<Event, Fault>);

/// Feeds `pieces` to `component`, as far as the stream lives.
fn feed(component: &mut Component, pieces: impl IntoIterator<Item = Vec<u8>>) -> Seen {
    let mut all = vec![];
    for piece in pieces {
        let (sent, event) = component.feed(&piece);
        all.extend(sent);
        if event != Ok(Event::Hungry) {
            return (all, event);
        }
    }
    (all, Ok(Event::Hungry))
}

/// What is wrong with what was sent for an input after which the stream lives.
fn complaint(outcome: &Outcome, sent: &str) -> Option<String> {
    let expected: Vec<String> = match outcome {
        Outcome::Echo(text) if text == sent => return None,
        Outcome::Echo(text) => return Some(format!("{} instead of {}", short(sent), short(text))),
        Outcome::Bounce(condition) => vec![format!("message error {condition}")],
        Outcome::Answer(stanzas) => stanzas.iter().map(ToString::to_string).collect(),
        _ => vec![],
    };
    let seen = describe(sent);
    (seen != expected).then(|| format!("{seen:?} instead of {expected:?}"))
}

/// What is wrong with what came of an input.
fn wrong(case: &Case, (sent, event): &Seen) -> Option<String> {
    // Blanks follow a stanza with a long tag.
    let sent = String::from_utf8_lossy(sent.trim_ascii_end());
    match (&case.outcome, event) {
        (Outcome::Ends(fault), Err(seen)) if fault == seen => complaint(&Outcome::Silence, &sent),
        (Outcome::Ended(condition), Ok(Event::StreamError(error)))
            if error.condition == *condition =>
        {
            complaint(&Outcome::Silence, &sent)
        }
        (Outcome::Ends(_) | Outcome::Ended(_), event) => {
            Some(format!("{event:?}, {}", short(&sent)))
        }
        (outcome, Ok(Event::Hungry)) => complaint(outcome, &sent),
        (_, event) => Some(format!("{event:?}, {}", short(&sent))),
    }
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

#[test]
fn every_input_has_its_outcome_and_the_next_message_is_echoed() {
    let mut faults = vec![];
    let columns = ["inputs", "echo", "bounce", "answer", "silence", "our error", "server's", "MB"];
    println!("{:14}{}", "", columns.map(|column| format!("{column:>10}")).concat());
    for (kind, cases) in KINDS {
        let (mut counts, mut bytes, cases) = ([0; 6], 0, cases());
        for case in &cases {
            let mut component = Component::new();
            let seen = feed(&mut component, case.pieces());
            if let Some(wrong) = wrong(case, &seen) {
                faults.push(format!("{kind}: {}: {wrong}", case.name));
            } else if seen.1 == Ok(Event::Hungry) {
                let next = component.feed(message("", "next").as_bytes()).0;
                if next != echo("", "next").as_bytes() {
                    faults.push(format!("{kind}: {}: nothing comes after it", case.name));
                }
            }
            counts[case.outcome.column()] += 1;
            bytes += case.len();
        }
        let counts = counts.map(|count| format!("{count:>10}")).concat();
        println!("{kind:14}{:>10}{counts}{:>10}", cases.len(), bytes >> 20);
        assert!(!cases.is_empty());
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_outcome_is_the_same_wherever_the_input_is_cut() {
    for (kind, cases) in KINDS {
        // Characters differ from each other in nothing that cutting could change.
        let step = if kind == "characters" { 17 } else { 3 };
        let short = |case: &&Case| case.len() < 300;
        for (nth, case) in cases().iter().filter(short).enumerate() {
            let input: Vec<u8> = case.pieces().flatten().collect();
            let whole = feed(&mut Component::new(), [input.clone()]);
            let bytes = feed(&mut Component::new(), input.iter().map(|&byte| vec![byte]));
            assert_eq!(bytes, whole, "byte by byte: {}", case.name);
            if nth % step == 0 {
                for cut in 1..input.len() {
                    let (start, end) = input.split_at(cut);
                    let cut = feed(&mut Component::new(), [start.to_vec(), end.to_vec()]);
                    assert_eq!(cut, whole, "{} cut after {}", case.name, start.escape_ascii());
                }
            }
        }
    }
}
