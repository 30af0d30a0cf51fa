//! The picture of the terminal at the top of the README, which `docs/picture.py` draws.

use crate::README;
use crate::shell::{Shell, comparable};

const PICTURE: &str = include_str!("../../docs/tradexa.svg");

/// The lines of text in the picture.
fn lines() -> Vec<String> {
    let elements = PICTURE.lines().filter(|line| line.starts_with("<text"));
    elements.map(text).collect()
}

/// The text between the tags of elements.
fn text(elements: &str) -> String {
    let pieces = elements.split('<').filter_map(|tag| tag.split_once('>'));
    let text: String = pieces.map(|(_, text)| text).collect();
    (text.replace("&lt;", "<").replace("&gt;", ">")).replace("&amp;", "&")
}

#[test]
fn the_picture_shows_what_its_command_prints() {
    let shell = Shell::new();
    shell.run("tradexa --dir shop init");
    let (command, drawn) = (lines()[0].clone(), lines()[1..].join("\n"));
    let printed = shell.run(command.strip_prefix("$ ").unwrap());
    let printed: Vec<_> = printed.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(comparable(&drawn), comparable(&printed.join("\n")));
}

#[test]
fn the_picture_is_in_the_readme() {
    assert!(README.contains("(docs/tradexa.svg)"));
}
