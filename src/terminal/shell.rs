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
