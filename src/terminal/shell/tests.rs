#[cfg(unix)]
use std::os::unix::ffi::{OsStrExt, OsStringExt};
#[cfg(unix)]
use std::process::Command;

#[cfg(unix)]
use proptest::prelude::*;

use super::*;

#[cfg(unix)]
#[test]
fn a_word_is_quoted_only_if_it_needs_it() {
    let shown = |text: &str| quote(text.as_ref());
    assert_eq!(shown("data/users.db"), "data/users.db");
    assert_eq!(shown("Zoë/日本.db"), "Zoë/日本.db");
    assert_eq!(shown("my data"), "'my data'");
    assert_eq!(shown("it's"), r"'it'\''s'");
    assert_eq!(shown("--delimiter=;"), "'--delimiter=;'");
    assert_eq!(shown("$HOME*"), "'$HOME*'");
    assert_eq!(shown(""), "''");
}

#[cfg(unix)]
#[test]
fn unprintable_characters_are_written_as_bytes() {
    assert_eq!(quote("\u{1b}[31m'".as_ref()), r"$'\x1b[31m\''");
    assert_eq!(quote(OsStr::from_bytes(b"caf\xe9")), r"$'caf\xe9'");
}

#[cfg(unix)]
#[test]
fn a_file_is_converted_into_another_beside_it() {
    let advice = |file: &str| to_utf8(Some(Path::new(file)), "users", "UTF-32LE");
    let last = |file: &str| format!("then load it with --file users={file}");
    assert_eq!(
        advice("my in/users.csv"),
        format!(
            "convert it to UTF-8, for example with \
             `iconv -f UTF-32LE -t UTF-8 'my in/users.csv' > 'my in/users-utf8.csv'`, {}",
            last("'my in/users-utf8.csv'")
        )
    );
    assert!(
        advice("./all").ends_with(&last("./all-utf8.csv")),
        "{}",
        advice("./all")
    );
    let archive = advice("my in/users.csv.gz");
    assert!(
        archive.contains("`gzip -dc 'my in/users.csv.gz' | iconv -f UTF-32LE -t UTF-8 > "),
        "{archive}"
    );
    let stdin = to_utf8(None, "users", "UTF-32BE");
    assert!(stdin.ends_with("`iconv -f UTF-32BE -t UTF-8`"), "{stdin}");
}

#[cfg(unix)]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]
    #[test]
    fn a_shell_reads_back_the_same_word(bytes in prop::collection::vec(1_u8.., 0..20)) {
        let word = std::ffi::OsString::from_vec(bytes);
        let script = format!("printf %s {}", quote(&word));
        let output = Command::new("bash").arg("-c").arg(script).output().unwrap();
        prop_assert_eq!(output.stdout, word.as_bytes());
    }
}

#[cfg(windows)]
#[test]
fn a_word_is_quoted_only_if_it_needs_it() {
    let shown = |text: &str| quote(text.as_ref());
    assert_eq!(shown(r"C:\data\users.db"), r"C:\data\users.db");
    assert_eq!(shown(r"Zoë\日本.db"), r"Zoë\日本.db");
    assert_eq!(shown("my data"), "\"my data\"");
    assert_eq!(shown("it's"), "\"it's\"");
    assert_eq!(shown("a,b"), "\"a,b\"");
    assert_eq!(shown("--delimiter=;"), "\"--delimiter=;\"");
    assert_eq!(shown(""), "\"\"");
}

#[cfg(windows)]
#[test]
fn a_backslash_at_the_end_does_not_escape_the_quote() {
    let shown = quote(r"\\server\my data\".as_ref());
    assert_eq!(shown, r#""\\server\my data\\""#);
}
