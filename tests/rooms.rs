//! The rooms of `src/`: which may import which, and how large anything in them may be.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom, besides what is in the same room.
const MAY_IMPORT: [(&str, &[&str]); 8] = [
    ("main", &["cli", "daemon"]),
    ("cli", &["daemon", "stream", "net", "metrics", "component"]),
    ("daemon", &["stream", "net", "metrics", "component"]),
    ("stream", &["metrics", "component"]),
    ("net", &["component"]),
    ("metrics", &["component"]),
    ("component", &["xml"]),
    ("xml", &[]),
];

/// Of these rooms, only these modules are for everybody above.
const ONLY: [(&str, &str, &[&str]); 2] =
    [("net", "component", &["stream_error", "address"]), ("metrics", "component", &["counts"])];

/// How many lines a file may have, with its tests.
const LONGEST_FILE: usize = 300;

/// How many lines a function may have.
const LONGEST_FUNCTION: usize = 40;

/// All files of `src/`, with the room that each is in.
fn files() -> Vec<(String, PathBuf, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source.clone()];
    let mut files = vec![];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let name = path.strip_prefix(&source).unwrap().to_owned();
                let first = name.components().next().unwrap().as_os_str().to_str().unwrap();
                let room = first.trim_end_matches(".rs").to_owned();
                files.push((room, name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    files
}

/// The room and the module of each path into the library, with the line it is on.
fn imports(text: &str) -> Vec<(String, String, String)> {
    let mut found = vec![];
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for root in ["crate::", "echo_component::"] {
            for (at, _) in line.match_indices(root) {
                let rest = &line[at + root.len()..];
                let mut parts = rest.split("::");
                let name = |part: Option<&str>| {
                    let part = part.unwrap_or_default().trim_start_matches('{');
                    part.split(|c: char| !c.is_alphanumeric() && c != '_')
                        .next()
                        .unwrap()
                        .to_owned()
                };
                found.push((name(parts.next()), name(parts.next()), line.trim().to_owned()));
            }
        }
    }
    found
}

#[test]
fn each_room_imports_only_those_that_the_table_names() {
    let mut wrong = vec![];
    let (mut looked_at, mut rooms) = (0, BTreeSet::new());
    for (room, file, text) in files().into_iter().filter(|(room, ..)| room != "lib") {
        let (name, allowed) = MAY_IMPORT
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("{} is in no room", file.display()));
        for (imported, module, line) in imports(&text) {
            looked_at += 1;
            rooms.insert(*name);
            let only = ONLY.iter().find(|(from, to, _)| *from == room && *to == imported);
            let is_allowed = imported == room
                || allowed.contains(&imported.as_str())
                    && only.is_none_or(|(_, _, modules)| modules.contains(&module.as_str()));
            if !is_allowed {
                wrong.push(format!("{}: {line}", file.display()));
            }
        }
    }
    assert!(looked_at > 80, "only {looked_at} imports were found");
    assert!(rooms.len() >= 7, "imports were found in {rooms:?} only");
    assert!(wrong.is_empty(), "not in the table:\n{}", wrong.join("\n"));
}

/// A table is no use if it allows a circle.
#[test]
fn the_table_points_down_only() {
    for (at, (room, allowed)) in MAY_IMPORT.iter().enumerate() {
        for below in *allowed {
            let place = MAY_IMPORT.iter().position(|(name, _)| name == below);
            assert!(place.is_some_and(|it| it > at), "{room} imports {below}, which is above it");
        }
    }
}

#[test]
fn the_library_tells_the_same_table() {
    let library = files().into_iter().find(|(room, ..)| room == "lib").unwrap().2;
    for (room, allowed) in MAY_IMPORT {
        let row = library.lines().find_map(|line| line.strip_prefix(&format!("//! {room} ")));
        let row = row.unwrap_or_else(|| panic!("no row for {room}"));
        let named: Vec<_> = row
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| MAY_IMPORT.iter().any(|(name, _)| name == word))
            .collect();
        assert_eq!(named, allowed, "{room}");
    }
}

#[test]
fn no_file_is_long() {
    let files = files();
    assert!(files.len() > 30, "{}", files.len());
    let long: Vec<_> = files
        .iter()
        .map(|(_, file, text)| (file.display(), text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(file, lines)| format!("{file}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "over {LONGEST_FILE} lines:\n{}", long.join("\n"));
}

/// rustfmt puts a function's end where its beginning is, so that both are found by their indent.
#[test]
fn no_function_is_long() {
    let (mut long, mut functions) = (vec![], 0);
    for (_, file, text) in files() {
        let lines: Vec<_> = text.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| begins_a_function(line)) {
            functions += 1;
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = format!("{indent}}}");
            let length = lines[at..].iter().position(|it| *it == end).map_or(1, |it| it + 1);
            // One without a body, or with all of it on its first line.
            let is_short = line.ends_with('}') || line.ends_with(';');
            if length > LONGEST_FUNCTION && !is_short {
                long.push(format!("{}:{}: {length} lines", file.display(), at + 1));
            }
        }
    }
    assert!(functions > 200, "only {functions} functions were found");
    assert!(long.is_empty(), "over {LONGEST_FUNCTION} lines:\n{}", long.join("\n"));
}

fn begins_a_function(line: &str) -> bool {
    let words = ["pub", "pub(crate)", "pub(super)", "async", "const"];
    let mut rest = line.trim_start().split(' ').skip_while(|word| words.contains(word));
    rest.next() == Some("fn")
}
