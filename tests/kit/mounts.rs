//! Mounting things for one program alone.

use std::process::Command;

use super::skipped;

/// A shell in a name space of its own, where things can be mounted, for a script that is still to follow. It ends at the
/// first command that fails. `None` where nothing can be mounted, which it says.
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
