//! Runs the statements of a schema in a SQLite database in memory.

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::definition::{Check, foreign_collations, items};
use super::error::{Error, unknown_function};
use super::expression;
use super::ignored::Ignored;
use super::refusals::{Layout, Refusals};
use super::script::{Action, Statement};
use super::token::{Token, Tokens};

/// The most steps of SQLite's virtual machine for a statement: a `CREATE TABLE … AS` could run for ever.
const STEPS: i32 = 10_000_000;

/// The pragmas that tell what a table is; SQLite itself uses the first one for `ADD COLUMN`.
const PRAGMAS: [&str; 7] = [
    "quick_check",
    "foreign_key_list",
    "function_list",
    "index_list",
    "index_xinfo",
    "table_list",
    "table_xinfo",
];

/// A database in memory in which the statements of a schema were run.
pub struct Memory {
    /// The connection to it.
    pub connection: Connection,
    /// What was ignored.
    pub ignored: Ignored,
    /// What had to be replaced with something else before SQLite accepted it, as sentences.
    pub refusals: Refusals,
    /// The statements that make virtual tables, indexes and views, and were ignored.
    pub others: Vec<String>,
    /// The statements that make triggers.
    pub triggers: Vec<String>,
}

impl Memory {
    /// Opens an empty database.
    pub fn open(layout: Layout) -> Result<Memory, rusqlite::Error> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY")?;
        connection.authorizer(Some(authorize))?;
        connection.progress_handler(STEPS, Some(|| true))?;
        Ok(Memory {
            connection,
            ignored: Ignored::default(),
            refusals: Refusals::new(layout),
            others: Vec::new(),
            triggers: Vec::new(),
        })
    }

    /// Runs those of the statements that make tables and unique indexes, and passes over the others. If the script was
    /// not UTF-8, the bytes at fault are U+FFFD in it.
    pub fn run<'a>(
        &mut self,
        statements: impl Iterator<Item = Statement<'a>>,
        is_utf8: bool,
    ) -> Result<(), Error> {
        let of_tables = statements.filter(|statement| {
            let is_ignored = self.ignored.ignore_early(statement);
            if is_ignored && statement.action == Action::CreateTrigger {
                self.triggers.push(statement.text.to_string());
            }
            !is_ignored
        });
        for statement in of_tables.collect::<Vec<_>>() {
            let is_ignored = self.ignored.ignore(&statement);
            let is_other = matches!(
                statement.action,
                Action::CreateIndex { .. } | Action::CreateView(_) | Action::CreateVirtualTable(..)
            );
            if is_ignored && is_other {
                self.others.push(statement.text.to_string());
            }
            if !is_ignored {
                let broken = statement.text.find(char::REPLACEMENT_CHARACTER);
                if let (false, Some(broken), Some(line)) = (is_utf8, broken, statement.line) {
                    let before = &statement.text[..broken];
                    return Err(Error::NotUtf8(line + before.matches('\n').count()));
                }
                self.run_one(&statement)?;
            }
        }
        Ok(())
    }

    fn run_one(&mut self, statement: &Statement) -> Result<(), Error> {
        let text = self.with_known_collations(statement);
        let Err(error) = self.connection.execute(&text, []) else {
            return Ok(());
        };
        match (&statement.action, unknown_function(&error)) {
            (Action::CreateTable(table), _) if self.run_without_checks(table, &text)? => Ok(()),
            (Action::CreateIndex { name, table, .. }, Some(function)) => {
                let sentence = format!(
                    "the unique index {name} of {table} uses the function {function}, which SQLite does not have built in: leave it out"
                );
                self.refusals.leave_to_sqlite(table, sentence);
                Ok(())
            }
            _ => Err(Error::statement(statement, &error)),
        }
    }

    /// Puts `BINARY` in the place of collations that SQLite does not have, so that all of them can be named.
    fn with_known_collations(&mut self, statement: &Statement) -> String {
        let tokens: Vec<_> = Tokens::new(statement.text).collect();
        let mut text = statement.text.to_string();
        let columns = items(&tokens);
        let foreign = foreign_collations(&tokens);
        for name in &foreign {
            let holds = |tokens: &[Token]| tokens.iter().any(|token| token.start == name.start);
            let column = columns.iter().find(|item| holds(&item.tokens));
            let column = column.and_then(|item| item.column.as_deref());
            let place = match (statement.action.subject(), column) {
                (Some(table), Some(column)) => format!("{table}.{column}"),
                (Some(table), None) => table.to_string(),
                (None, _) => statement.place(),
            };
            let refusal = format!(
                "{place} uses the collation {}, which SQLite does not have built in: use BINARY, NOCASE or RTRIM",
                name.unquoted()
            );
            let table = statement.action.subject().unwrap_or_default();
            self.refusals.refuse(table, refusal);
        }
        for name in foreign.iter().rev() {
            text.replace_range(name.start..name.end(), "BINARY");
        }
        text
    }

    /// Creates a table without its CHECK constraints, and refuses those that SQLite rejects. Returns `false` if it
    /// rejects none of them: then the statement failed for another reason, although the table may exist now.
    fn run_without_checks(&mut self, table: &str, text: &str) -> Result<bool, Error> {
        let tokens: Vec<_> = Tokens::new(text).collect();
        let items = items(&tokens);
        let checks: Vec<Check> = items.iter().flat_map(|item| item.checks()).collect();
        let mut bare = text.to_string();
        for check in checks.iter().rev() {
            bare.replace_range(check.span.0..check.span.1, "CHECK (1)");
        }
        if checks.is_empty() || self.connection.execute(&bare, []).is_err() {
            return Ok(false);
        }
        let problems = checks
            .iter()
            .map(|check| expression::problem(&self.connection, table, &check.sql));
        let problems: Vec<_> = problems.collect::<Result<_, _>>()?;
        if problems.iter().all(Option::is_none) {
            return Ok(false);
        }
        for (check, problem) in checks.iter().zip(problems) {
            if let Some(problem) = problem {
                let sentence = format!("CHECK ({}) of {table} {problem}", check.sql);
                self.refusals.leave_to_sqlite(table, sentence);
            }
        }
        Ok(true)
    }
}

/// Lets through what making and altering tables takes, and nothing else.
fn authorize(context: AuthContext) -> Authorization {
    use AuthAction::*;
    match context.action {
        CreateTable { .. }
        | CreateIndex { .. }
        | DropTable { .. }
        | DropIndex { .. }
        | AlterTable { .. }
        | Insert { .. }
        | Update { .. }
        | Delete { .. }
        | Read { .. }
        | Select
        | Function { .. }
        | Reindex { .. } => Authorization::Allow,
        Pragma { pragma_name, .. } if PRAGMAS.contains(&pragma_name) => Authorization::Allow,
        _ => Authorization::Deny,
    }
}
