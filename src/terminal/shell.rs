//! Words of commands that people can paste into a shell.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::Path;

/// A word as the user's shell has to be given it: on Windows in double quotes, which cmd and PowerShell both read,
/// elsewhere in single ones, and only if it needs any. What a terminal could not show safely, or not at all, is written
/// as `$'\x1b'`, which bash, zsh and ksh read.
///
/// No way of quoting keeps both shells of Windows from replacing `%NAME%` or `$name`.
pub fn quote(word: &OsStr) -> String {
    match word.to_str() {
        Some(text) if super::escape(text) == text => match text.chars().all(is_plain) {
            true if !text.is_empty() => text.to_string(),
            _ => in_quotes(text),
        },
        // Windows allows no control characters in names, and its shells have no way to write what is not Unicode.
        _ if cfg!(windows) => in_quotes(&super::escape(&word.to_string_lossy())),
        _ => in_bytes(word.as_encoded_bytes()),
    }
}

/// What to do with a file that is to be loaded and has another encoding, in the words of `iconv`: convert it into a new
/// folder beside its own, and load that.
pub fn to_utf8(file: &Path, encoding: &str) -> String {
    let folder = file.parent().unwrap_or(Path::new(""));
    let converted = match folder.file_name() {
        Some(name) => folder.with_file_name([name, OsStr::new("-utf8")].join(OsStr::new(""))),
        None => folder.join("utf8"),
    };
    let new = converted.join(file.file_name().unwrap_or_default());
    let [file, new, converted] = [file, &new, &converted].map(|path| quote(path.as_os_str()));
    format!(
        "convert it to UTF-8, for example with `mkdir {converted}; iconv -f {encoding} -t UTF-8 {file} > {new}`, \
         then load it with --from {converted}"
    )
}

fn is_plain(character: char) -> bool {
    let others = match cfg!(windows) {
        // PowerShell makes a list of `a,b` and a variable of `@a`.
        true => "_-./\\:+=",
        false => "_-./,:@%+=",
    };
    character.is_alphanumeric() || others.contains(character)
}

fn in_quotes(text: &str) -> String {
    match cfg!(windows) {
        // Programs take a backslash before the closing quote for part of the text only if it is doubled.
        true => {
            let backslashes = &text[text.trim_end_matches('\\').len()..];
            format!("\"{text}{backslashes}\"")
        }
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn in_bytes(bytes: &[u8]) -> String {
    let mut text = String::from("$'");
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = match byte {
            b'\'' | b'\\' => write!(text, "\\{}", char::from(*byte)),
            b' '..=b'~' => write!(text, "{}", char::from(*byte)),
            byte => write!(text, "\\x{byte:02x}"),
        };
    }
    text + "'"
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

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

    #[test]
    fn what_cannot_be_shown_is_written_as_bytes() {
        assert_eq!(quote("\u{1b}[31m'".as_ref()), r"$'\x1b[31m\''");
        assert_eq!(quote(OsStr::from_bytes(b"caf\xe9")), r"$'caf\xe9'");
    }

    #[test]
    fn a_file_is_converted_into_a_new_folder() {
        let advice = |file: &str| to_utf8(Path::new(file), "UTF-16");
        assert_eq!(
            advice("my in/users.csv"),
            "convert it to UTF-8, for example with `mkdir 'my in-utf8'; \
             iconv -f UTF-16 -t UTF-8 'my in/users.csv' > 'my in-utf8/users.csv'`, \
             then load it with --from 'my in-utf8'"
        );
        for (file, folder) in [
            ("a/in//users.csv", "a/in-utf8"),
            ("./users.csv", "./utf8"),
            ("../users.csv", "../utf8"),
        ] {
            let last = format!("then load it with --from {folder}");
            assert!(advice(file).ends_with(&last), "{}", advice(file));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]
        #[test]
        fn a_shell_reads_the_word_again(bytes in prop::collection::vec(1_u8.., 0..20)) {
            let word = std::ffi::OsString::from_vec(bytes);
            let script = format!("printf %s {}", quote(&word));
            let output = Command::new("bash").arg("-c").arg(script).output().unwrap();
            prop_assert_eq!(output.stdout, word.as_bytes());
        }
    }
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

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

    #[test]
    fn a_backslash_at_the_end_does_not_escape_the_quote() {
        let shown = quote(r"\\server\my data\".as_ref());
        assert_eq!(shown, r#""\\server\my data\\""#);
    }
}
