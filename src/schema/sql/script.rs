//! Splits a script into its statements, and tells what each of them is about.

use super::token::{Kind as TokenKind, Token, Tokens};

/// How many tokens at its beginning tell what a statement is.
const HEAD: usize = 24;

/// A statement of a script.
#[derive(Debug)]
pub struct Statement<'a> {
    /// Its text, without the semicolon.
    pub text: &'a str,
    /// The line on which it begins, counted from 1; `None` if it does not come from a script.
    pub line: Option<usize>,
    /// What it is about.
    pub action: Action,
}

/// What a statement is about. Names are as given, without quotes.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// `CREATE TABLE`.
    CreateTable(String),
    /// `CREATE TEMP TABLE`.
    CreateTempTable(String),
    /// `CREATE VIRTUAL TABLE`: its name and its module.
    CreateVirtualTable(String, String),
    /// `CREATE INDEX`, `CREATE UNIQUE INDEX`.
    CreateIndex {
        /// Whether it is unique.
        unique: bool,
        /// The name of the index.
        name: String,
        /// The table that it belongs to.
        table: String,
    },
    /// `CREATE VIEW`.
    CreateView(String),
    /// `CREATE TRIGGER`.
    CreateTrigger,
    /// `DROP TRIGGER`.
    DropTrigger,
    /// `ALTER TABLE`, with the new name if there is one.
    AlterTable(String, Option<String>),
    /// `DROP TABLE`.
    DropTable(String),
    /// `DROP INDEX`.
    DropIndex(String),
    /// `DROP VIEW`.
    DropView(String),
    /// `INSERT` and the like.
    Data,
    /// `PRAGMA`.
    Pragma,
    /// `BEGIN`, `COMMIT` and the like.
    Transaction,
    /// A line for the shell, not for the database.
    Shell,
    /// Anything else, by its first words.
    Other(String),
}

impl<'a> Statement<'a> {
    /// A text that is one statement.
    pub fn whole(text: &'a str) -> Statement<'a> {
        let head: Vec<_> = Tokens::new(text).take(HEAD).collect();
        Statement {
            text,
            line: None,
            action: action(&head, text),
        }
    }

    /// The name of the table, view, trigger or index that it creates, if it does.
    pub fn creates(&self) -> Option<String> {
        let head: Vec<_> = Tokens::new(self.text).take(HEAD).collect();
        let is_kind = |token: &Token| token.is_one_of(&["TABLE", "VIEW", "TRIGGER", "INDEX"]);
        let kind = head
            .iter()
            .position(is_kind)
            .filter(|_| head[0].is("CREATE"))?;
        let rest = &head[kind + 1..];
        let is_if = rest.first().is_some_and(|first| first.is("IF"));
        let rest = if is_if { rest.get(3..)? } else { rest };
        let is_qualified = rest.get(1).is_some_and(|next| next.is_symbol("."));
        let name = if is_qualified {
            rest.get(2)
        } else {
            rest.first()
        };
        name.map(Token::unquoted)
    }

    /// Where to find it: its line in a script, else its first words.
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("line {line}"),
            None => Tokens::new(self.text)
                .take(3)
                .map(|token| token.text)
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

impl Action {
    /// The table that is made, altered or indexed by a statement that is run.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Action::CreateTable(table)
            | Action::CreateIndex { table, .. }
            | Action::AlterTable(table, _)
            | Action::DropTable(table) => Some(table),
            _ => None,
        }
    }
}

/// The statements of a script, one after the other.
pub struct Statements<'a> {
    script: &'a str,
    tokens: Tokens<'a>,
    line: usize,
    /// How far into the script the lines have been counted.
    counted: usize,
}

impl<'a> Statements<'a> {
    /// The statements of this script.
    pub fn new(script: &'a str) -> Statements<'a> {
        Statements {
            script,
            tokens: Tokens::new(script),
            line: 1,
            counted: 0,
        }
    }

    /// The line of a quote that is not closed, once all statements have been read; what follows it has not been read.
    pub fn unclosed(&self) -> Option<usize> {
        let before = &self.script[..self.tokens.unclosed()?];
        Some(1 + before.matches('\n').count())
    }
}

impl<'a> Iterator for Statements<'a> {
    type Item = Statement<'a>;

    fn next(&mut self) -> Option<Statement<'a>> {
        let script = self.script;
        let begins_line = |token: &Token| {
            let before = &script[..token.start];
            before.is_empty() || before.ends_with(['\n', '\u{feff}'])
        };
        let first = loop {
            let token = self.tokens.next()?;
            if token.is_symbol("#") && begins_line(&token) {
                self.tokens.skip_line();
            } else if !token.is_symbol(";") && !ends_by_line(script, &token) {
                break token;
            }
        };
        self.line += script[self.counted..first.start].matches('\n').count();
        self.counted = first.start;
        let line = Some(self.line);
        if begins_line(&first) && (first.is_symbol(".") || first.is_symbol("\\")) {
            self.tokens.skip_line();
            return Some(Statement {
                text: "",
                line,
                action: Action::Shell,
            });
        }
        let (text, head) = statement(script, first, &mut self.tokens);
        let action = action(&head, text);
        Some(Statement { text, line, action })
    }
}

/// Reads the statement that begins with this token to its end. Returns its text and its first tokens.
fn statement<'a>(
    script: &'a str,
    first: Token<'a>,
    tokens: &mut Tokens<'a>,
) -> (&'a str, Vec<Token<'a>>) {
    let mut head = vec![first];
    let mut end = first.end();
    let mut depth = 0_usize;
    // The body of a trigger ends with `; END ;`. This is how many of these were just seen.
    let (mut in_body, mut closing) = (false, 0);
    for token in tokens.by_ref() {
        if token.is_symbol(";") {
            if !in_body || closing == 2 {
                break;
            }
            closing = 1;
        } else if depth == 0 && ends_by_line(script, &token) {
            break;
        } else {
            closing = if closing == 1 && token.is("END") {
                2
            } else {
                0
            };
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth = depth.saturating_sub(1);
            }
            in_body |= token.is("BEGIN") && has_body(&head);
            if head.len() < HEAD {
                head.push(token);
            }
        }
        end = token.end();
    }
    if head[0].is("COPY")
        && head
            .windows(2)
            .any(|two| two[0].is("FROM") && two[1].is("STDIN"))
    {
        // The data follows, up to a line `\.`.
        tokens.skip_line();
        while !matches!(tokens.skip_line().trim_end_matches(['\r', '\n']), "\\.")
            && !tokens.is_at_end()
        {}
    }
    (&script[first.start..end], head)
}

/// Whether a token is a line `go` or `/`, which ends a statement as a semicolon does.
fn ends_by_line(script: &str, token: &Token) -> bool {
    let is_alone = || {
        let before = script[..token.start].rsplit('\n').next();
        let after = script[token.end()..].split('\n').next();
        [before, after]
            .iter()
            .flatten()
            .all(|rest| rest.trim().is_empty())
    };
    (token.is("GO") || token.is_symbol("/")) && is_alone()
}

/// Whether a statement that begins like this may have a body of statements.
fn has_body(head: &[Token]) -> bool {
    let bodies = ["TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"];
    let objects = ["TABLE", "INDEX", "VIEW"];
    let mut words = head.iter().skip(1);
    head[0].is("CREATE")
        && words
            .find(|token| token.is_one_of(&bodies) || token.is_one_of(&objects))
            .is_some_and(|token| token.is_one_of(&bodies))
}

/// What a statement is about, from its first tokens.
fn action(head: &[Token], text: &str) -> Action {
    let word = |index: usize, keyword: &str| head.get(index).is_some_and(|t: &Token| t.is(keyword));
    let other = || {
        let words = head
            .iter()
            .take(if word(0, "CREATE") || word(0, "COMMENT") {
                2
            } else {
                1
            });
        let words = words.take_while(|token| token.kind == TokenKind::Word);
        let words: Vec<_> = words.map(|token| token.text.to_ascii_uppercase()).collect();
        Action::Other(words.join(" "))
    };
    let Some(first) = head.first() else {
        return other();
    };
    match first.text.to_ascii_uppercase().as_str() {
        "CREATE" => created(head).unwrap_or_else(other),
        "ALTER" if word(1, "TABLE") => {
            let (name, rest) = name(&head[2..]);
            let renamed = match rest {
                [rename, to, ..] if rename.is("RENAME") && to.is("TO") => {
                    Some(self::name(&rest[2..]).0.name)
                }
                _ => None,
            };
            Action::AlterTable(name.name, renamed)
        }
        "DROP" if word(1, "TABLE") => Action::DropTable(name(&head[2..]).0.name),
        "DROP" if word(1, "INDEX") => Action::DropIndex(name(&head[2..]).0.name),
        "DROP" if word(1, "VIEW") => Action::DropView(name(&head[2..]).0.name),
        "DROP" if word(1, "TRIGGER") => Action::DropTrigger,
        "INSERT" | "REPLACE" => virtual_table(head, text).unwrap_or(Action::Data),
        "UPDATE" | "DELETE" | "COPY" => Action::Data,
        "PRAGMA" => Action::Pragma,
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "START" => {
            Action::Transaction
        }
        _ => other(),
    }
}

/// What a `CREATE` statement makes.
fn created(head: &[Token]) -> Option<Action> {
    let objects = ["TABLE", "INDEX", "VIEW", "TRIGGER"];
    let object = (1..head.len().min(4)).find(|index| head[*index].is_one_of(&objects))?;
    let has = |keyword: &str| head[1..object].iter().any(|token| token.is(keyword));
    let (name, rest) = name(&head[object + 1..]);
    let temporary = has("TEMP")
        || has("TEMPORARY")
        || (name.schema.as_deref()).is_some_and(|schema| schema.eq_ignore_ascii_case("temp"));
    let action = match head[object].text.to_ascii_uppercase().as_str() {
        "TABLE" if has("VIRTUAL") => {
            let module = rest.get(1).map(Token::unquoted).unwrap_or_default();
            Action::CreateVirtualTable(name.name, module)
        }
        "TABLE" if temporary => Action::CreateTempTable(name.name),
        "TABLE" => Action::CreateTable(name.name),
        "INDEX" => Action::CreateIndex {
            unique: has("UNIQUE"),
            name: name.name,
            table: self::name(rest.get(1..).unwrap_or_default()).0.name,
        },
        "VIEW" => Action::CreateView(name.name),
        _ => Action::CreateTrigger,
    };
    Some(action)
}

/// The virtual table that a dump makes by inserting its statement into the schema.
fn virtual_table(head: &[Token], text: &str) -> Option<Action> {
    let schema = ["sqlite_schema", "sqlite_master"];
    let into_schema = head
        .get(2)
        .is_some_and(|table| schema.contains(&table.unquoted().to_ascii_lowercase().as_str()));
    let mut texts = Tokens::new(text).filter(|token| into_schema && token.kind == TokenKind::Text);
    texts.find_map(|token| {
        let statement = token.unquoted();
        let tokens: Vec<_> = Tokens::new(&statement).take(HEAD).collect();
        let created = tokens.first()?.is("CREATE").then(|| created(&tokens))?;
        created.filter(|action| matches!(action, Action::CreateVirtualTable(..)))
    })
}

/// A name, maybe with that of a database before it.
#[derive(Default)]
struct Name {
    schema: Option<String>,
    name: String,
}

/// The name at the beginning of these tokens, and what follows it.
fn name<'a, 'b>(tokens: &'b [Token<'a>]) -> (Name, &'b [Token<'a>]) {
    let tokens = match tokens {
        [first, not, exists, rest @ ..]
            if first.is("IF") && not.is("NOT") && exists.is("EXISTS") =>
        {
            rest
        }
        [first, exists, rest @ ..] if first.is("IF") && exists.is("EXISTS") => rest,
        _ => tokens,
    };
    match tokens {
        [schema, dot, name, rest @ ..] if dot.is_symbol(".") => {
            let (schema, name) = (Some(schema.unquoted()), name.unquoted());
            (Name { schema, name }, rest)
        }
        [name, rest @ ..] => (
            Name {
                schema: None,
                name: name.unquoted(),
            },
            rest,
        ),
        [] => (Name::default(), tokens),
    }
}
