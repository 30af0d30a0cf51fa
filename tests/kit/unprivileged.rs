//! Runs the program as a user that file permissions apply to. They do not apply to the superuser, who therefore runs it
//! as `nobody`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use super::{Folder, TRADEXA, bounded, skipped};

/// Sets the permissions of a file or folder.
pub fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The program on this folder without privileges; `None` where that cannot be had.
pub fn unprivileged(folder: &Folder, arguments: &[&str]) -> Option<assert_cmd::Command> {
    if fs::metadata(folder.outside()).unwrap().uid() != 0 {
        return Some(folder.tradexa(arguments));
    }
    let nobody = || {
        let mut setpriv = Command::new("setpriv");
        setpriv.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        setpriv
    };
    let copy = folder.outside().join("tradexa");
    // A separate process makes the copy. If this process had the copy open for writing, a child of another test might
    // inherit the descriptor, and a program that is open for writing cannot be executed.
    let copied = Command::new("cp").arg(TRADEXA).arg(&copy).status();
    assert!(copied.unwrap().success());
    allow(&folder.outside(), 0o755);
    let works = nobody().arg(&copy).arg("--version").output();
    if !works.is_ok_and(|it| it.status.success()) {
        skipped("this runs as the superuser, and setpriv cannot change that");
        return None;
    }
    let mut process = nobody();
    process.current_dir(folder.outside()).arg(copy);
    process.args(["--dir", "databases"]).args(arguments);
    Some(bounded(process))
}
