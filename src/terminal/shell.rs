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

#[cfg(test)]
mod tests;
