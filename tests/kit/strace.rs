//! Tracing a program, and failing or delaying its system calls.

use std::ffi::OsStr;
use std::process::Command;

use super::skipped;

/// `strace` with these options, for a program that is still to follow. `None` where it is not installed or may not trace
/// here, which it says.
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
