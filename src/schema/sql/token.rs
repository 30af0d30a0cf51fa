//! The tokens of SQL, whatever database it was written for.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A keyword or a name without quotes.
    Word,
    /// A name in quotes: `"a"`, `` `a` ``, `[a]`.
    Name,
    /// A text: `'a'`, and what PostgreSQL writes as `E'a'` and `$$a$$`.
    Text,
    /// A number, or one character of anything else.
    Other,
}

/// A piece of SQL that is neither white space nor a comment.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text, quotes included.
    pub text: &'a str,
    /// The offset of its first byte.
    pub start: usize,
}

impl Token<'_> {
    /// Whether it is this keyword.
    pub fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether it is one of these keywords.
    pub fn is_one_of(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }

    /// Whether it is this character.
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Other && self.text == symbol
    }

    /// The text without its quotes. SQLite takes a text for a name, too, where only a name can stand.
    pub fn unquoted(&self) -> String {
        let inner = || {
            self.text
                .get(1..self.text.len().saturating_sub(1))
                .unwrap_or("")
        };
        match (self.kind, self.text.chars().next()) {
            (Kind::Name, Some('[')) => inner().to_string(),
            (Kind::Name | Kind::Text, Some(quote @ ('"' | '`' | '\''))) => {
                inner().replace(&format!("{quote}{quote}"), &quote.to_string())
            }
            _ => self.text.to_string(),
        }
    }

    /// The offset just past its last byte.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens of a text, one after the other. What is not closed reaches to the end.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a str,
    position: usize,
    /// The offset of a quote that is not closed.
    unclosed: Option<usize>,
}

impl<'a> Tokens<'a> {
    /// The tokens of this text.
    pub fn new(text: &'a str) -> Tokens<'a> {
        Tokens {
            text,
            position: 0,
            unclosed: None,
        }
    }

    /// The offset of a quote that is not closed, once everything has been read.
    pub fn unclosed(&self) -> Option<usize> {
        self.unclosed
    }

    /// Whether all of the text was read.
    pub fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Passes over the rest of the line, and returns it.
    pub fn skip_line(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
        self.position += length;
        &rest[..length]
    }

    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    /// Passes over white space and comments.
    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed =
                rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{feff}');
            self.position += rest.len() - trimmed.len();
            if trimmed.starts_with("--") {
                self.skip_line();
            } else if let Some(comment) = trimmed.strip_prefix("/*") {
                self.position += comment.find("*/").map_or(trimmed.len(), |end| end + 4);
            } else {
                return;
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space();
        let (start, rest) = (self.position, self.rest());
        let first = rest.chars().next()?;
        let (kind, length) = match first {
            '\'' => (Kind::Text, quoted(rest, '\'', false)),
            '"' | '`' => (Kind::Name, quoted(rest, first, false)),
            '[' => (Kind::Name, rest.find(']').map(|end| end + 1)),
            'e' | 'E' if rest[1..].starts_with('\'') => (
                Kind::Text,
                quoted(&rest[1..], '\'', true).map(|length| 1 + length),
            ),
            '$' => match dollar_quoted(rest) {
                Some(length) => (Kind::Text, Some(length)),
                None => (Kind::Other, Some(1)),
            },
            _ if first.is_ascii_digit() => (Kind::Other, Some(word(rest))),
            _ if is_in_word(first) => (Kind::Word, Some(word(rest))),
            _ => (Kind::Other, Some(first.len_utf8())),
        };
        if length.is_none() {
            self.unclosed = Some(start);
        }
        let text = &rest[..length.unwrap_or(rest.len())];
        self.position += text.len();
        Some(Token { kind, text, start })
    }
}

/// The length of quoted text, if the quote is closed. A doubled quote does not close it, nor does one after a backslash
/// if `backslashes` escape.
fn quoted(text: &str, quote: char, backslashes: bool) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        if character == quote {
            if characters.next_if(|(_, next)| *next == quote).is_none() {
                return Some(index + 1);
            }
        } else if backslashes && character == '\\' {
            characters.next();
        }
    }
    None
}

/// The length of a text between `$$`, or between tags such as `$body$`.
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag = text[1..].find(|c| c == '$' || !is_in_word(c))?;
    let quote = text.get(..tag + 2).filter(|quote| quote.ends_with('$'))?;
    let inner = &text[quote.len()..];
    Some(2 * quote.len() + inner.find(quote)?)
}

fn word(text: &str) -> usize {
    text.find(|c| !is_in_word(c)).unwrap_or(text.len())
}

fn is_in_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$') || !character.is_ascii()
}

/// The text from the first of these tokens to the last, in one line and without comments.
pub fn one_line(tokens: &[Token]) -> String {
    let mut line = String::new();
    let mut end = None;
    for token in tokens {
        if end.is_some_and(|end| end != token.start) {
            line.push(' ');
        }
        line += token.text;
        end = Some(token.end());
    }
    line
}

/// The index of the parenthesis that closes the one at this index.
pub fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth -= 1;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}
