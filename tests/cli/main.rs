//! The commands and their options, what they report and refuse, and malicious input: one process at a time.

#[path = "../kit/mod.rs"]
mod kit;

#[cfg(target_os = "linux")] // Mounts, limits, and calls that fail.
mod causes;
mod check;
mod check_in_place;
#[cfg(unix)] // tmux.
mod completions;
mod errors;
mod folders;
mod hostile_input;
mod init;
mod options;
mod output;
mod places;
mod quiet;
mod report;
#[cfg(unix)] // tmux, and pipes that have names.
mod terminal;
