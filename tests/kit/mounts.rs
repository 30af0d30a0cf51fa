//! Mounting things for one program alone.

use std::process::Command;

use super::skipped;

/// A shell in its own mount namespace, to which the caller adds a script. It exits at the first command that fails.
/// Prints why and returns `None` if nothing can be mounted.
pub fn shell_that_mounts() -> Option<Command> {
    let shell = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "sh", "-e", "-c"]);
        unshare
    };
    let works = shell().arg("mount -t tmpfs none /mnt").output();
    if !works.is_ok_and(|output| output.status.success()) {
        skipped("nothing can be mounted here");
        return None;
    }
    Some(shell())
}
