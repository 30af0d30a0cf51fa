//! What only the text of a `CREATE TABLE` statement says: its CHECK constraints.

use super::token::{Kind, Token, Tokens, closing, one_line};

/// One of the parts of a table's definition that commas separate.
#[derive(Debug)]
pub struct Item<'a> {
    /// The column that it defines; `None` if it is a constraint of the table.
    pub column: Option<String>,
    /// Its tokens.
    pub tokens: Vec<Token<'a>>,
}

/// A CHECK constraint in a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: Option<String>,
    /// Its expression in one line.
    pub sql: String,
    /// The offset of its first byte, and the offset just past its last one.
    pub span: (usize, usize),
}

impl Check {
    /// Whether a column of this name may be in it.
    pub fn names(&self, column: &str) -> bool {
        let mut tokens = Tokens::new(&self.sql);
        tokens.any(|token| token.unquoted().eq_ignore_ascii_case(column))
    }
}

/// The parts of a `CREATE TABLE` statement.
pub fn items<'a>(tokens: &[Token<'a>]) -> Vec<Item<'a>> {
    let is_open = |token: &Token| token.is_symbol("(") || token.is("AS");
    let open = tokens
        .iter()
        .position(is_open)
        .filter(|open| tokens[*open].is_symbol("("));
    let Some((open, close)) = open.and_then(|open| Some((open, closing(tokens, open)?))) else {
        return Vec::new();
    };
    let mut depth = 0;
    let inner = &tokens[open + 1..close];
    let parts = inner.split(|token| {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth -= 1;
        }
        depth == 0 && token.is_symbol(",")
    });
    parts.map(item).collect()
}

fn item<'a>(tokens: &[Token<'a>]) -> Item<'a> {
    let constraints = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
    let column = tokens
        .first()
        .filter(|first| !first.is_one_of(&constraints));
    Item {
        column: column.map(Token::unquoted),
        tokens: tokens.to_vec(),
    }
}

impl Item<'_> {
    /// The CHECK constraints in this part.
    pub fn checks(&self) -> Vec<Check> {
        let (mut checks, mut name, mut index) = (Vec::new(), None, 0);
        while let Some(token) = self.tokens.get(index) {
            let next = self.tokens.get(index + 1);
            if token.is("CONSTRAINT") {
                // A name applies to everything that follows it, up to the next comma or name.
                name = next.map(Token::unquoted);
                index += 1;
            } else if token.is_symbol("(") {
                index = closing(&self.tokens, index).unwrap_or(self.tokens.len());
            } else if token.is("CHECK") && next.is_some_and(|next| next.is_symbol("(")) {
                let close = closing(&self.tokens, index + 1).unwrap_or(self.tokens.len() - 1);
                checks.push(Check {
                    name: name.clone(),
                    sql: one_line(&self.tokens[index + 2..close.max(index + 2)]),
                    span: (token.start, self.tokens[close].end()),
                });
                index = close;
            }
            index += 1;
        }
        checks
    }
}

/// The names of collations in these tokens that are not SQLite's.
pub fn foreign_collations<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let pairs = tokens.windows(2).filter(|pair| pair[0].is("COLLATE"));
    let names = pairs
        .map(|pair| pair[1])
        .filter(|name| matches!(name.kind, Kind::Word | Kind::Name | Kind::Text));
    names
        .filter(|name| crate::schema::Collation::named(&name.unquoted()).is_none())
        .collect()
}
