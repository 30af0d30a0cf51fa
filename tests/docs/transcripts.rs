//! The transcripts of the README and of other texts: the blocks marked `console`. Those of a text run in one folder, from
//! the first to the last. Those with output alone show what the `sh` block before them prints.

use crate::README;
use crate::kit::skipped;
use crate::shell::{Shell, comparable};

/// Stands in a transcript for any number of lines.
const LEFT_OUT: &str = "…";

/// A command and what it is said to print.
struct Step {
    command: String,
    output: String,
}

impl Step {
    fn new(command: &str) -> Step {
        let (command, output) = (command.to_string(), String::new());
        Step { command, output }
    }
}

/// The commands in a Markdown text whose output is shown in `console` blocks. There, a command is a line that begins
/// with `$ `.
fn steps(markdown: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut script = "";
    for block in markdown.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap_or((block, ""));
        match language {
            "sh" => script = text,
            "console" => {
                if !text.starts_with("$ ") {
                    steps.push(Step::new(script));
                }
                for line in text.lines() {
                    match (line.strip_prefix("$ "), steps.last_mut()) {
                        (None, Some(step)) => step.output += &format!("{line}\n"),
                        (command, _) => steps.push(Step::new(command.unwrap_or_default())),
                    }
                }
            }
            _ => {}
        }
    }
    steps
}

/// Whether these lines are printed where those are expected.
fn matches(expected: &[String], printed: &[String]) -> bool {
    match expected {
        [] => printed.is_empty(),
        [first, rest @ ..] if first == LEFT_OUT => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        [first, rest @ ..] => printed.first() == Some(first) && matches(rest, &printed[1..]),
    }
}

/// Runs the commands of a Markdown text, and asserts that they print what it shows.
#[track_caller]
pub fn assert_prints(shell: &Shell, markdown: &str) {
    let has_sqlite = !shell.run("command -v sqlite3").is_empty();
    let steps = steps(markdown);
    assert!(!steps.is_empty(), "there are no commands");
    for Step { command, output } in steps {
        if command.starts_with("sqlite3") && !has_sqlite {
            skipped("there is no sqlite3 shell here");
            continue;
        }
        let printed = shell.run(&command);
        assert!(
            matches(&comparable(&output), &comparable(&printed)),
            "The text says of\n$ {command}\n{output}\nbut it prints\n{printed}"
        );
    }
}

#[test]
fn the_transcripts_of_the_readme_show_what_their_commands_print() {
    assert_prints(&Shell::new(), README);
}

#[test]
fn the_transcripts_of_the_documents_show_what_their_commands_print() {
    let texts = [
        include_str!("../../docs/csv.md"),
        include_str!("../../docs/databases.md"),
        include_str!("../../docs/rules.md"),
        include_str!("../../docs/timeline.md"),
    ];
    for text in texts {
        assert_prints(&Shell::new(), text);
    }
}

#[test]
fn a_transcript_matches_but_for_times_and_what_is_left_out() {
    let matches =
        |expected: &str, printed: &str| matches(&comparable(expected), &comparable(printed));
    assert!(matches("a\n…\nd; 1.5 ms\n", "a\nb\nc\nd; 20.25 s\n"));
    assert!(matches("…\n", ""));
    assert!(!matches("a\n…\nd; 1.5 ms\n", "a\nb\nc\n"));
    assert!(!matches("a\n", "a\nb\n"));
    assert!(!matches("a  b\n", "a b\n"));
    assert!(matches("user 1 -█\nuser 2 █\n", "user 2    █\nuser 1 o█\n"));
    assert!(!matches("user 1 █\nuser 2 █\n", "user 1 █\n"));
}
