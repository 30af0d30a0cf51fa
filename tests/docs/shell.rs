//! Commands as people type them, and what they print.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::kit::folder::temporary;
use crate::kit::{TRADEXA, bounded, text};

/// A folder that looks like a clone of the project, as far as the README needs it, and a shell that runs in it. Its
/// `cargo` does nothing: the program is built.
pub struct Shell(TempDir);

impl Shell {
    pub fn new() -> Shell {
        let folder = temporary();
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        symlink(docs, folder.path().join("docs")).unwrap();
        let built = folder.path().join("target/release");
        fs::create_dir_all(&built).unwrap();
        symlink(TRADEXA, built.join("tradexa")).unwrap();
        Shell(folder)
    }

    /// The folder that it runs in.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// What a command prints, on either of its outputs.
    pub fn run(&self, command: &str) -> String {
        let programs = Path::new(TRADEXA).parent().unwrap().to_path_buf();
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path)));
        let mut shell = Command::new("sh");
        shell
            .current_dir(self.0.path())
            .env("PATH", path.unwrap())
            .env_remove("TRADEXA_DIR")
            .args(["-c", &format!("exec 2>&1\ncargo() {{ :; }}\n{command}")]);
        text(&bounded(shell).output().unwrap().stdout)
    }
}

/// The lines of a text without what differs from run to run: times, and what the chart of the threads draws, whose
/// lines are sorted.
pub fn comparable(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().map(without_time).collect();
    for chart in lines.chunk_by_mut(|one, next| is_bar(one) && is_bar(next)) {
        for line in chart.iter_mut().filter(|line| is_bar(line)) {
            *line = line
                .split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
                + " █";
        }
        chart.sort();
    }
    lines
}

fn is_bar(line: &str) -> bool {
    line.ends_with(['█', '~'])
}

/// The line with each `14.2 ms` as `TIME`. The spaces in front of it depend on how long it is.
fn without_time(line: &str) -> String {
    let words: Vec<_> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let is_time = |pair: &[&str]| pair[0].parse::<f64>().is_ok() && matches!(pair[1], "ms" | "s");
    let Some(place) = words.windows(2).position(is_time) else {
        return line.to_string();
    };
    [&words[..place], &["TIME"], &words[place + 2..]]
        .concat()
        .join(" ")
}
