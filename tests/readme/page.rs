//! What is on the page: its blocks of commands, and its tables.

use std::fs;
use std::path::{Path, PathBuf};

pub fn at(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

pub fn read(file: &str) -> String {
    fs::read_to_string(at(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A block of commands.
pub struct Block {
    pub text: String,
    /// Whether `tests/boot/run` runs it.
    pub is_run: bool,
}

/// One command of a pipe or a list.
#[derive(Debug, Default)]
pub struct Spoken {
    pub line: String,
    pub words: Vec<String>,
    /// What comes in by `<<'END'`.
    pub input: String,
    /// The file that `>` or `>>` names.
    pub output: Option<String>,
}

pub fn readme() -> String {
    read("README.md")
}

/// The cells of the tables below a heading, without their own headings.
pub fn rows(heading: &str) -> Vec<Vec<String>> {
    let readme = readme();
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).expect("there is one");
    let section = section.split("\n## ").next().unwrap_or_default();
    let lines: Vec<_> = section.lines().collect();
    let is_row = |nth: usize| {
        lines[nth].starts_with("| ") && !lines.get(nth + 1).is_some_and(|it| it.starts_with("|---"))
    };
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|').map(|it| it.trim().to_owned());
        cells.collect::<Vec<_>>()
    };
    (0..lines.len()).filter(|nth| is_row(*nth)).map(|nth| cells(lines[nth])).collect()
}

/// All blocks, which are of commands alone: settings are files in `config`.
pub fn blocks() -> Vec<Block> {
    let readme = readme();
    let mut blocks: Vec<Block> = vec![];
    let (mut is_open, mut is_run) = (false, false);
    for line in readme.lines() {
        if is_open && line == "```" {
            (is_open, is_run) = (false, false);
        } else if is_open {
            let block = blocks.last_mut().expect("one is open");
            block.text.push_str(line);
            block.text.push('\n');
        } else if line.starts_with("```") || line.starts_with("    ") {
            assert_eq!(line, "```sh", "README: a block that is not of commands");
            blocks.push(Block { text: String::new(), is_run });
            is_open = true;
        } else if line.contains("run by tests/boot/run") {
            is_run = true;
        }
    }
    blocks
}

/// All commands of all blocks.
pub fn commands() -> Vec<Spoken> {
    let mut commands: Vec<Spoken> = vec![];
    for Block { text, .. } in blocks() {
        let text = text.replace("\\\n", " ");
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            commands.extend(split_pipes(line));
            if line.ends_with("<<'END'") {
                let input = lines.by_ref().take_while(|line| *line != "END");
                let input: String = input.flat_map(|line| [line, "\n"]).collect();
                commands.last_mut().expect("a line has a command").input = input;
            }
        }
    }
    commands
}

/// The commands of a line, as far as a shell's language is used here.
pub fn split_pipes(line: &str) -> Vec<Spoken> {
    let mut commands = vec![Spoken { line: line.to_owned(), ..Spoken::default() }];
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next().filter(|it| *it != '#') {
        let (word, more) = if first == '\'' {
            rest[1..].split_once('\'').expect("a quotation ends")
        } else {
            rest.split_at(rest.find(' ').unwrap_or(rest.len()))
        };
        rest = more.trim_start();
        let command = commands.last_mut().expect("there is one");
        match (first, word) {
            ('\'', _) => command.words.push(word.to_owned()),
            (_, "|" | "&&") => {
                commands.push(Spoken { line: line.to_owned(), ..Spoken::default() });
            }
            (_, "<<'END'") => {}
            ('>', file) => command.output = Some(file.trim_start_matches('>').to_owned()),
            _ => command.words.push(word.to_owned()),
        }
    }
    commands
}
