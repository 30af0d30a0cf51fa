//! The README: its transcripts and its picture show what the program prints, and its lists of options and of JSON keys
//! are complete.

#[path = "../kit/mod.rs"]
mod kit;

mod keys;
mod options;
#[cfg(unix)] // The shell that the commands are for.
mod picture;
#[cfg(unix)]
mod shell;
#[cfg(unix)]
mod transcripts;

/// The text of the README.
const README: &str = include_str!("../../README.md");

/// The part of the README under this heading, up to the next heading.
fn section(heading: &str) -> &'static str {
    let start = README.find(&format!("\n{heading}\n"));
    let start = start.unwrap_or_else(|| panic!("the README has no heading {heading:?}"));
    let text = &README[start + heading.len() + 2..];
    let ends = ["\n## ", "\n### "].map(|heading| text.find(heading).unwrap_or(text.len()));
    &text[..ends[0].min(ends[1])]
}

/// The first cells of the tables in a Markdown text, without the backticks around them.
fn first_cells(text: &str) -> Vec<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).collect()
}
