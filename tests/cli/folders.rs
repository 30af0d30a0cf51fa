//! Which folder the databases are in, and what its name may be.

use std::fs;
use std::process::Command;

use crate::kit::{ALL_INSERTED, Folder, TRADEXA, bounded, text};

#[test]
fn the_environment_names_the_folder_where_no_option_does() {
    let folder = Folder::new();
    let run = |command: &str| {
        let mut process = Command::new(TRADEXA);
        process.current_dir(folder.outside());
        process.env("TRADEXA_DIR", folder.path()).arg(command);
        bounded(process).assert().success();
    };
    run("init");
    run("insert");
    folder.assert_complete();
}

#[test]
fn the_dir_option_takes_precedence_over_the_environment() {
    let folder = Folder::new();
    let elsewhere = folder.outside().join("elsewhere");
    let mut init = folder.tradexa(&["init"]);
    init.env("TRADEXA_DIR", &elsewhere).assert().success();
    assert!(folder.database("users").exists() && !elsewhere.exists());
}

#[test]
fn the_reload_command_names_the_current_folder_if_the_environment_names_another() {
    let folder = Folder::initialized();
    let mut process = Command::new(TRADEXA);
    process
        .args(["--dir", ".", "insert"])
        .current_dir(folder.path());
    process.env("TRADEXA_DIR", folder.outside());
    let run = bounded(process).assert().success();
    let stdout = text(&run.get_output().stdout);
    let advice = "load them with: tradexa --dir . insert --from DIR";
    assert!(stdout.contains(advice), "{stdout}");
}

#[test]
fn the_dir_option_may_follow_the_command() {
    let folder = Folder::new();
    let mut process = Command::new(TRADEXA);
    process.args(["init", "--dir"]).arg(folder.path());
    bounded(process).assert().success();
    assert!(folder.database("users").exists());
}

#[test]
fn without_a_dir_the_databases_are_in_the_current_folder() {
    let folder = Folder::initialized();
    let mut process = Command::new(TRADEXA);
    process.current_dir(folder.path()).env_remove("TRADEXA_DIR");
    bounded(process).arg("insert").assert().success();
    folder.assert_complete();
}

/// Both commands in a folder with this name.
#[track_caller]
fn works_in(name: impl Into<std::ffi::OsString>) {
    let folder = Folder::named(name);
    folder.tradexa(&["init"]).assert().success();
    let run = folder.insert(&[]);
    assert_eq!((run.status, run.counts()), (Some(0), ALL_INSERTED));
    folder.assert_complete();
    assert_eq!(folder.files(), ["orders.db", "products.db", "users.db"]);
    assert_eq!(fs::read_dir(folder.outside()).unwrap().count(), 1);
}

#[test]
fn a_folder_may_have_spaces_in_its_name() {
    works_in("my data bases");
}

#[cfg(unix)] // No name on Windows.
#[test]
fn a_folder_may_have_a_name_that_looks_like_a_uri() {
    works_in("file:x");
    works_in("file:x?mode=memory&cache=shared#y");
}

#[test]
fn a_folder_may_have_a_path_of_more_than_260_characters() {
    works_in(["a folder with a long name"; 12].join("/"));
}

#[cfg(windows)] // Elsewhere a folder may have any name.
#[test]
fn a_name_that_no_folder_may_have_is_an_error_that_names_it() {
    for command in ["init", "insert"] {
        let run = Folder::named("what?").tradexa(&[command]).assert();
        let message = "tradexa: what? is not a valid folder name on this system: names cannot contain '?', so choose another one with --dir\n";
        run.code(1).stdout("").stderr(message);
    }
}

#[test]
fn a_folder_may_have_percent_signs_and_letters_of_the_world_in_its_name() {
    works_in("100%41 Zoë 日本");
}

#[cfg(target_os = "linux")] // Elsewhere a file system may refuse it.
#[test]
fn a_folder_may_have_a_name_that_is_not_utf_8() {
    use std::os::unix::ffi::OsStringExt;
    works_in(std::ffi::OsString::from_vec(b"caf\xe9".to_vec()));
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn a_folder_may_be_a_link() {
    let folder = Folder::initialized();
    let link = folder.outside().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    let mut process = Command::new(TRADEXA);
    process.arg("--dir").arg(link).arg("insert");
    bounded(process).assert().success();
    folder.assert_complete();
}

#[cfg(unix)] // No name on Windows.
#[test]
fn the_name_of_a_folder_reaches_the_terminal_escaped() {
    let folder = Folder::named("\u{1b}[31mred\r\nand more");
    let run = folder.tradexa(&["insert"]).assert().code(1);
    let stderr = crate::kit::text(&run.get_output().stderr);
    assert!(stderr.starts_with(r"tradexa: \u{1b}[31mred\r\nand more/users.db does not exist"));
    assert!(!stderr.contains(['\u{1b}', '\r']));
}

#[test]
fn an_empty_environment_variable_counts_as_unset() {
    let folder = Folder::initialized();
    let mut process = Command::new(TRADEXA);
    process.current_dir(folder.path()).env("TRADEXA_DIR", "");
    bounded(process).arg("insert").assert().success();
    folder.assert_complete();
}

#[cfg(target_os = "linux")] // How long a path may be differs.
#[test]
fn a_path_that_is_too_long_is_named_as_the_reason() {
    let folder = Folder::named(["a".repeat(200), "b".repeat(200), "c".repeat(200)].join("/"));
    fs::create_dir_all(folder.path()).unwrap();
    let run = folder.tradexa(&["init"]).assert().code(1).stdout("");
    let stderr = text(&run.get_output().stderr);
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{stderr}");
    for line in lines {
        let reason = ".db has a path that is too long for SQLite: choose a folder with a shorter path with --dir";
        assert!(line.ends_with(reason), "{line}");
    }
    assert!(folder.files().is_empty());
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn a_database_that_is_a_link_to_nothing_is_refused_and_the_link_not_followed() {
    let folder = Folder::initialized();
    fs::remove_file(folder.database("users")).unwrap();
    std::os::unix::fs::symlink("../elsewhere.db", folder.database("users")).unwrap();
    for command in ["init", "insert", "check"] {
        let run = folder.tradexa(&[command]).assert().code(1).stdout("");
        run.stderr(
            "tradexa: databases/users.db is a link to a file that does not exist: remove the link, or restore the file\n",
        );
    }
    assert!(!folder.outside().join("elsewhere.db").exists());
}

#[cfg(unix)] // Links, which take a privilege on Windows.
#[test]
fn two_databases_that_are_links_to_one_file_are_refused_by_every_command() {
    let folder = Folder::inserted();
    let shared = folder.outside().join("shared.db");
    fs::rename(folder.database("users"), &shared).unwrap();
    folder.execute("orders", "DROP TABLE orders");
    for table in ["users", "orders"] {
        let _ = fs::remove_file(folder.database(table));
        std::os::unix::fs::symlink("../shared.db", folder.database(table)).unwrap();
    }
    let before = fs::read(&shared).unwrap();
    for arguments in [
        &["init"][..],
        &["check"],
        &["insert", "--lock-timeout", "0"],
        &["insert", "--dry-run"],
    ] {
        let run = folder.tradexa(arguments).assert().code(1).stdout("");
        run.stderr("tradexa: users.db and orders.db are one file (by a link): give each table a file of its own\n");
    }
    assert!(fs::read(&shared).unwrap() == before);
}
