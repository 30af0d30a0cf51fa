//! `docs/comparison.md`, with the real programs.

use std::os::unix::fs::symlink;
use std::path::Path;

use crate::kit::skipped;
use crate::shell::Shell;
use crate::transcripts::assert_prints;

const TEXT: &str = include_str!("../../docs/comparison.md");

#[test]
fn the_commands_print_what_the_text_shows() {
    let shell = Shell::new();
    // Where `.ci/setup` installs the programs.
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/comparison");
    symlink(tools, shell.folder().join("tools")).unwrap();
    let missing = ["jq", "tools/bin/frictionless"]
        .into_iter()
        .find(|program| shell.run(&format!("command -v {program}")).is_empty());
    if let Some(program) = missing {
        skipped(&format!(
            "there is no {program} here (.ci/setup installs it)"
        ));
        return;
    }
    if !shell.run("sqlite3 --version").starts_with("3.40.") {
        skipped("there is no sqlite3 shell 3.40 here, which is the one compared");
        return;
    }
    assert_prints(&shell, TEXT);
}
