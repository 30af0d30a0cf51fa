//! What a command says on stderr.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use console::Term;

use crate::terminal::{escape, wrap};

/// What could not be done, and what else people should know, a sentence each: for stderr, and for the JSON report.
#[derive(Debug, Default)]
pub struct Messages {
    /// All of them, as far as they are known.
    pub sentences: Vec<String>,
    /// How many of them are on stderr.
    said: usize,
    failed: bool,
}

impl Messages {
    /// Adds something that people should know.
    pub fn note(&mut self, sentence: impl Display) {
        self.sentences.push(format!("{sentence:#}"));
    }

    /// Adds something that could not be done, which makes the command a failure.
    pub fn error(&mut self, error: impl Display) {
        self.note(error);
        self.failed = true;
    }

    /// All results, or the last error; the others are added.
    pub fn all<T>(&mut self, results: impl Iterator<Item = Result<T>>) -> Result<Vec<T>> {
        let mut last = None;
        let mut done = Vec::new();
        for result in results {
            match result {
                Ok(value) => done.push(value),
                Err(error) => {
                    if let Some(before) = last.replace(error) {
                        self.error(before);
                    }
                }
            }
        }
        last.map_or(Ok(done), Err)
    }

    /// Writes to stderr what is not there yet, a line each. A terminal would break long lines within words.
    pub fn say(&mut self) {
        let terminal = Term::stderr().size_checked();
        for sentence in &self.sentences[self.said..] {
            let line = format!("tradexa: {}", escape(sentence));
            let line = match terminal {
                Some((_, columns)) => wrap(&line, columns.into()),
                None => line,
            };
            // If this fails, the exit status still tells.
            let _ = writeln!(io::stderr(), "{line}");
        }
        self.said = self.sentences.len();
    }

    /// The exit status of a command that did everything else.
    pub fn status(&self) -> ExitCode {
        if self.failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}
