//! Which names of tables can be used as file names.

/// The length of the longest suffix that this program and SQLite append to a name.
const MAX_SUFFIX_LENGTH: usize = ".db-journal".len();

/// How long the name of a file may be, in bytes.
const MAX_LENGTH: usize = 255;

/// Why there cannot be files that are named after a table, as the end of a sentence that names it.
pub fn problem(name: &str, on_windows: bool) -> Option<String> {
    let forbidden =
        |c: char| c == '/' || on_windows && (c.is_ascii_control() || r#"<>:"\|?*"#.contains(c));
    if name.is_empty() || name == "." || name == ".." {
        return Some("cannot be the name of a file".to_string());
    }
    if let Some(character) = name.chars().find(|c| forbidden(*c)) {
        return Some(format!(
            "cannot be the name of a file, as it contains {character:?}"
        ));
    }
    if on_windows && is_device(name) {
        return Some(
            "cannot be the name of a file, as Windows has a device of this name".to_string(),
        );
    }
    if name.len() + MAX_SUFFIX_LENGTH > MAX_LENGTH {
        return Some(format!(
            "is too long for the name of a file: at most {} bytes",
            MAX_LENGTH - MAX_SUFFIX_LENGTH
        ));
    }
    None
}

/// Whether Windows takes a file of this name, whatever its extension, for a device.
fn is_device(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_ascii_uppercase();
    let is_numbered = |device: &str| {
        let number = stem
            .strip_prefix(device)
            .map(|number| number.chars().collect::<Vec<_>>());
        number.is_some_and(|number| matches!(number[..], ['1'..='9' | '¹' | '²' | '³']))
    };
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str())
        || is_numbered("COM")
        || is_numbered("LPT")
}

/// The name in which letters of all languages have one case, as some file systems see it.
pub fn without_case(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}
