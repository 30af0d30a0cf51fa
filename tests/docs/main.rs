//! The README and the texts in `docs`: transcripts and the picture show what the program prints, the lists of options and
//! of JSON keys are complete, and links lead somewhere.

#[path = "../kit/mod.rs"]
mod kit;

#[cfg(unix)]
mod comparison;
mod keys;
mod links;
#[cfg(unix)]
mod nightly;
mod options;
#[cfg(unix)] // The shell that the commands are for.
mod picture;
#[cfg(unix)]
mod replication;
#[cfg(unix)]
mod shell;
#[cfg(unix)]
mod transcripts;

/// The text of the README.
#[cfg(unix)]
const README: &str = include_str!("../../README.md");

/// The part of a Markdown text under this heading, up to the next heading.
fn section_of<'a>(text: &'a str, heading: &str) -> &'a str {
    let start = text.find(&format!("\n{heading}\n"));
    let start = start.unwrap_or_else(|| panic!("there is no heading {heading:?}"));
    let text = &text[start + heading.len() + 2..];
    let ends = ["\n## ", "\n### "].map(|heading| text.find(heading).unwrap_or(text.len()));
    &text[..ends[0].min(ends[1])]
}

/// The first cells of the tables in a Markdown text, without the backticks around them.
fn first_cells(text: &str) -> Vec<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).collect()
}
