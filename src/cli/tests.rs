use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;

/// The options of an `insert` with these arguments.
fn insert(arguments: &[&str]) -> Result<Insert, clap::Error> {
    let words = [&["tradexa", "insert"], arguments].concat();
    Cli::try_parse_from(words).map(|cli| match cli.command {
        Command::Insert(options) => options,
        other => panic!("{other:?}"),
    })
}

/// The help of a command on a terminal of 100 columns.
fn help(command: &str, long: bool) -> String {
    let mut cli = Cli::command().term_width(100);
    cli.build();
    let command = match command {
        "" => &mut cli,
        name => cli.find_subcommand_mut(name).unwrap(),
    };
    if long {
        command.render_long_help().to_string()
    } else {
        command.render_help().to_string()
    }
}

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn the_version_names_that_of_sqlite_too() {
    let error = Cli::try_parse_from(["tradexa", "--version"]).unwrap_err();
    let expected = format!(
        "tradexa {} (SQLite {})\n",
        env!("CARGO_PKG_VERSION"),
        rusqlite::version()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_delimiter_is_one_character_its_code_or_the_word_tab() {
    let from = |delimiter: &str| insert(&["--from", "in", "--delimiter", delimiter]);
    for (given, byte) in [
        (";", b';'),
        ("|", b'|'),
        ("tab", b'\t'),
        ("\t", b'\t'),
        ("\\x01", 1),
        ("\\x7C", b'|'),
        ("\\", b'\\'),
    ] {
        assert_eq!(from(given).unwrap().delimiter, Some(byte), "{given}");
    }
    for given in ["", "a", "7", "\"", "'", "\n", "\r", ";;", "é", "TAB", "\\t"] {
        let error = from(given).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueValidation, "{given}");
        assert!(
            error.to_string().contains("for a tab, write `tab`"),
            "{error}"
        );
    }
}

#[test]
fn no_delimiter_is_given_by_default() {
    assert_eq!(insert(&[]).unwrap().delimiter, None);
}

#[test]
fn columns_cannot_be_named_if_there_is_no_header() {
    let error = insert(&["--no-header", "--column=users.id=x"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
}

#[test]
fn an_encoding_is_named_by_a_label_and_decimals_by_a_point_or_a_comma() {
    for wrong in [
        "--encoding=utf-32",
        "--encoding=x",
        "--decimal=;",
        "--decimal=",
        "--skip-lines=-1",
    ] {
        assert!(insert(&[wrong]).is_err(), "{wrong}");
    }
    let options = insert(&["--encoding=Latin1", "--decimal=,"]).unwrap();
    assert_eq!(options.encoding.unwrap().name(), "windows-1252");
    assert_eq!(options.decimal, ',');
}

#[test]
fn reject_files_are_replaced_only_where_rejects_are_written() {
    let error = insert(&["--overwrite"]).unwrap_err();
    assert!(error.to_string().contains("--rejects <DIR>"), "{error}");
    assert!(insert(&["--overwrite", "--rejects", "bad"]).is_ok());
}

#[test]
fn an_empty_folder_is_wrong_usage() {
    assert!(Cli::try_parse_from(["tradexa", "--dir=", "init"]).is_err());
}

#[test]
fn a_folder_whose_name_looks_like_an_option_is_never_taken_for_one() {
    let cli = Cli::try_parse_from(["tradexa", "--dir=-v", "init"]).unwrap();
    assert_eq!(cli.dir, Some(Path::new(".").join("-v")));
    let options = insert(&["--from=-in", "--rejects=a/-bad"]).unwrap();
    assert_eq!(options.from.unwrap(), Path::new(".").join("-in"));
    assert_eq!(options.rejects.unwrap(), Path::new("a").join("-bad"));
}

#[test]
fn the_reload_command_keeps_the_options_that_affect_rows() {
    let words = |arguments: &[&str], dir: &str| {
        let renamed = [("users", "email"), ("orders", "id")].map(|(table, column)| Renamed {
            table,
            column,
            header: "Its Name".to_string(),
        });
        let dir = if dir == "." {
            vec![]
        } else {
            vec!["--dir", dir]
        };
        let all = [&["tradexa"], &dir[..], &["insert"], arguments].concat();
        let cli = Cli::try_parse_from(all).unwrap();
        let Command::Insert(options) = &cli.command else {
            panic!("{cli:?}");
        };
        let words = options.reload_command(&cli, &renamed, &["orders", "products"]);
        words.join(" ".as_ref()).into_string().unwrap()
    };
    let column = "--column orders.id=Its Name";
    assert_eq!(words(&[], "."), format!("tradexa insert {column} --from"));
    let given = [
        "--from=in",
        "--strict",
        "--unique-email",
        "--trim",
        "--delimiter=;",
    ];
    assert_eq!(
        words(&given, "data"),
        format!("tradexa --dir data insert --unique-email --trim --delimiter ; {column} --from")
    );
    let given = ["--from=in", "--delimiter=tab", "--ignore-extra-columns"];
    assert_eq!(
        words(&given, "."),
        format!("tradexa insert --ignore-extra-columns --delimiter tab {column} --from")
    );
    let given = [
        "--delimiter=\\x01",
        "--decimal=,",
        "--null=-",
        "--null=NULL",
        "--backslash-escapes",
    ];
    assert_eq!(
        words(&given, "."),
        format!(
            "tradexa insert --backslash-escapes --delimiter \\x01 --decimal , --null=- --null=NULL {column} --from"
        )
    );
}

#[test]
fn the_reload_command_leaves_out_options_that_do_not_apply_to_rejects() {
    let given = [
        "--encoding=latin1",
        "--no-header",
        "--skip-lines=3",
        "--file=users=-",
    ];
    let cli = Cli::try_parse_from(["tradexa", "insert"]).unwrap();
    let words = insert(&given)
        .unwrap()
        .reload_command(&cli, &[], &["users"]);
    assert_eq!(words.join(" ".as_ref()), "tradexa insert --from");
}

#[test]
fn short_help_fits_100_columns_and_a_window() {
    for command in ["", "init", "insert", "check", "completions", "man"] {
        let help = help(command, false);
        let widest = help.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{widest:?}\n{help}");
        assert!(help.lines().count() <= 48, "{help}");
    }
}

#[test]
fn long_help_fits_100_columns() {
    for command in ["", "init", "insert", "check", "completions", "man"] {
        let help = help(command, true);
        let widest = help.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{widest:?}\n{help}");
    }
}

#[test]
fn the_help_of_insert_has_examples_and_every_exit_status() {
    let help = help("insert", true);
    let (_, statuses) = help.split_once("Exit status:").unwrap();
    let by_signals = if cfg!(windows) {
        &["130"][..]
    } else {
        &["130", "143"]
    };
    for status in ["0", "1", "2"].iter().chain(by_signals) {
        let found = statuses
            .lines()
            .any(|line| line.split_whitespace().next() == Some(*status));
        assert!(found, "{status}\n{help}");
    }
    assert!(help.contains("Examples:\n  tradexa --dir data insert"));
}
