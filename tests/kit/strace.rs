//! Tracing a program, and failing or delaying its system calls.

use std::ffi::OsStr;
use std::process::Command;

use super::skipped;

/// `strace` with these options, to which the caller adds a program. Prints why and returns `None` if strace is not
/// installed or not permitted here.
pub fn strace(options: &[impl AsRef<OsStr>]) -> Option<Command> {
    let strace = || {
        let mut strace = Command::new("strace");
        strace.args(options);
        strace
    };
    let works = strace().arg("true").output();
    if !works.is_ok_and(|it| it.status.success()) {
        skipped("strace is not installed, or may not trace here");
        return None;
    }
    Some(strace())
}
