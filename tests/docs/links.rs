//! The links between the texts, and to other files of the project.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The README and the other texts, by their paths.
fn texts() -> Vec<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [project.to_path_buf(), project.join("docs")];
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|it| it == "md"))
        .collect()
}

/// The text without its code blocks.
fn prose(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("\n```").step_by(2).collect()
}

/// The targets of the links and pictures in a text that are not on other sites.
fn targets(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).collect()
}

/// What a link has after the `#` to lead to a heading of this text.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|it| it.is_alphanumeric() || " -_".contains(*it));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut links = 0;
    for text in texts() {
        for target in targets(&prose(&text)) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let linked = match file {
                "" => text.clone(),
                file => text.with_file_name(file),
            };
            assert!(linked.exists(), "{}: {target}", text.display());
            assert!(
                anchor.is_empty() || anchors(&prose(&linked)).contains(anchor),
                "{}: there is no heading for {target}",
                text.display()
            );
            links += 1;
        }
    }
    assert!(links > 20, "only {links} links");
}
