//! Which options there are, and which values they take.

use predicates::prelude::*;

use crate::kit::{ALL_INSERTED, Folder};

/// A value or an option that clap must refuse, in one line that names what was wrong.
#[track_caller]
fn wrong_usage(argument: &str, named: &str) {
    let folder = Folder::initialized();
    let run = folder.tradexa(&["insert", argument]).assert().code(2);
    run.stdout("").stderr(predicate::str::contains(named));
    assert!(folder.all_rows().concat().is_empty());
}

#[test]
fn threads_are_at_least_one_and_at_most_a_thousand() {
    for argument in ["0", "1001", "-1", "many", "1.5", ""] {
        wrong_usage(&format!("--threads={argument}"), "--threads <N>");
    }
}

#[test]
fn a_lock_timeout_is_a_finite_number_from_0_to_86400() {
    for argument in ["-1", "-0.1", "nan", "inf", "86401", "1e300", "5s", ""] {
        let argument = format!("--lock-timeout={argument}");
        wrong_usage(&argument, "expected a number of seconds from 0 to 86400");
    }
}

#[test]
fn a_format_is_table_or_json() {
    wrong_usage("--format=xml", "[possible values: table, json]");
}

#[test]
fn a_limit_is_a_whole_number_from_0_on() {
    for option in ["--limit", "--max-rejects"] {
        for argument in ["-1", "all", "1.5", ""] {
            wrong_usage(&format!("{option}={argument}"), &format!("{option} <N>"));
        }
    }
}

#[test]
fn a_misspelt_option_is_wrong_usage_and_the_right_one_is_named() {
    wrong_usage("--lock-timout", "--lock-timeout");
}

#[test]
fn no_command_and_an_unknown_command_are_wrong_usage() {
    for arguments in [&[][..], &["instert"]] {
        let folder = Folder::new();
        folder.tradexa(arguments).assert().code(2).stdout("");
        assert!(!folder.path().exists());
    }
}

#[test]
fn the_ends_of_the_ranges_are_accepted() {
    for arguments in [
        ["--threads=1", "--lock-timeout=86400"],
        ["--threads=1000", "--lock-timeout=0"],
    ] {
        let run = Folder::initialized().insert(&arguments);
        assert_eq!((run.status, run.counts()), (Some(0), ALL_INSERTED));
    }
}

#[test]
fn options_about_files_are_accepted_where_there_are_none() {
    let run = Folder::initialized().insert(&["--trim", "--ignore-extra-columns"]);
    assert_eq!((run.status, run.counts()), (Some(0), ALL_INSERTED));
}

#[test]
fn a_delimiter_is_not_a_quote() {
    for delimiter in ["'", "\"", "a", "\n", ""] {
        wrong_usage(
            &format!("--delimiter={delimiter}"),
            "other than a quote, letter, digit or line end",
        );
    }
}
