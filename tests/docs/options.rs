//! The options and the environment variables, which `docs/options.md` lists.

use std::collections::BTreeSet;

use crate::kit::{Folder, Run};
use crate::{first_cells, section_of};

const OPTIONS: &str = include_str!("../../docs/options.md");

/// The options that the help of a command names, without `--help` itself.
fn options(command: &str) -> BTreeSet<String> {
    let help = Run::of(&mut Folder::new().tradexa(&[command, "-h"])).stdout;
    let words = help.lines().filter_map(|line| {
        line.trim_start()
            .trim_start_matches("-h, ")
            .strip_prefix("--")?
            .split(' ')
            .next()
    });
    words
        .filter(|word| *word != "help")
        .map(|word| format!("--{word}"))
        .collect()
}

fn documented(heading: &str) -> BTreeSet<String> {
    let cells = first_cells(section_of(OPTIONS, heading)).into_iter();
    cells
        .filter_map(|cell| cell.split(' ').next())
        .map(String::from)
        .collect()
}

#[test]
fn every_option_is_documented() {
    let commands = ["init", "insert", "check"].map(options);
    let all: BTreeSet<_> = commands.into_iter().flatten().collect();
    assert!(all.len() > 10, "{all:?}");
    assert_eq!(documented("## Options"), all);
}

#[test]
fn the_documents_and_the_help_list_the_same_variables() {
    let help = Run::of(&mut Folder::new().tradexa(&["--help"])).stdout;
    let (_, listed) = help.split_once("Environment:\n").unwrap();
    let listed = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let listed: Vec<_> = listed.collect();
    assert_eq!(first_cells(section_of(OPTIONS, "## Environment")), listed);
}
