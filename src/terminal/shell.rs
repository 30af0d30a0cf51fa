//! Quoting for commands that people can paste into a shell.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::Path;

/// Quotes a word for the user's shell, if it needs quotes: on Windows with double quotes, which both cmd and PowerShell
/// understand, elsewhere with single quotes. Characters that a terminal cannot show, or not safely, are written as in
/// `$'\x1b'`, which bash, zsh and ksh understand.
///
/// On Windows, no quotes keep both shells from expanding `%NAME%` or `$name`.
pub fn quote(word: &OsStr) -> String {
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => text.to_string(),
        Some(text) if super::escape(text) == text => in_quotes(text),
        // Windows allows no control characters in names, and its shells have no syntax for invalid Unicode.
        _ if cfg!(windows) => in_quotes(&super::escape(&word.to_string_lossy())),
        _ => in_bytes(word.as_encoded_bytes()),
    }
}

/// Advice on a file that is to be loaded into a table, but whose encoding (by its name in `iconv`) cannot be read:
/// convert it into a new file beside it, and load that. Standard input is not a file.
pub fn to_utf8(file: Option<&Path>, table: &str, encoding: &str) -> String {
    let Some(file) = file else {
        return format!("convert it to UTF-8, for example with `iconv -f {encoding} -t UTF-8`");
    };
    let name = file.file_stem().unwrap_or_default();
    let new = file.with_file_name([name, OsStr::new("-utf8.csv")].join(OsStr::new("")));
    let [file, new] = [file, &new].map(|path| quote(path.as_os_str()));
    let convert = if file.trim_end_matches('\'').ends_with(".gz") {
        format!("gzip -dc {file} | iconv -f {encoding} -t UTF-8 > {new}")
    } else {
        format!("iconv -f {encoding} -t UTF-8 {file} > {new}")
    };
    format!(
        "convert it to UTF-8, for example with `{convert}`, then load it with --file {table}={new}"
    )
}

/// Why a file must be loaded into its table separately if other files are in this encoding and it is not, and how.
pub fn apart(encoding: &str, file: &Path, table: &str) -> String {
    // As its name in messages has it.
    let file = if file == Path::new("standard input") {
        "-".to_string()
    } else {
        quote(file.as_os_str())
    };
    format!(
        "; --encoding applies to all files, and others are {encoding}, so load this one separately, with --file {table}={file}"
    )
}

fn is_plain(character: char) -> bool {
    let others = if cfg!(windows) {
        // PowerShell takes `a,b` for a list and `@a` for a variable.
        "_-./\\:+="
    } else {
        "_-./,:@%+="
    };
    character.is_alphanumeric() || others.contains(character)
}

fn in_quotes(text: &str) -> String {
    if cfg!(windows) {
        // A backslash before the closing quote would escape it, unless it is doubled.
        let backslashes = &text[text.trim_end_matches('\\').len()..];
        format!("\"{text}{backslashes}\"")
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
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

#[cfg(test)]
mod tests;
