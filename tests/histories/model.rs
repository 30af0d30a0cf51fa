//! A simple model of the rules: what a load does with its records, given what is stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Load, Record};
use crate::kit::TABLES;

/// The rows of a table by id, as the sqlite3 shell prints them.
pub type Rows = BTreeMap<i64, String>;

/// The rows of all tables.
pub type Stored = [Rows; 3];

/// The outcomes of the records of one table.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Outcomes {
    pub inserted: Rows,
    /// The rows that replace stored ones.
    pub updated: Rows,
    pub unchanged: Rows,
    /// The reasons, by line of the file.
    pub skipped: BTreeMap<usize, String>,
    pub failed: BTreeMap<usize, String>,
}

/// The outcomes of a load that runs to its end. `locked` is a table whose database another process has locked.
pub fn expected_outcomes(load: &Load, stored: &Stored, locked: Option<usize>) -> [Outcomes; 3] {
    let mut expected: [Outcomes; 3] = Default::default();
    // Users and products that keep the rules but cannot be written.
    let mut unwritten: [BTreeSet<i64>; 2] = Default::default();
    for table in 0..3 {
        let rules = Rules {
            table,
            stored,
            known: [0, 1].map(|parent| {
                let inserted = expected[parent].inserted.keys();
                let ids = stored[parent]
                    .keys()
                    .chain(inserted)
                    .chain(&unwritten[parent]);
                ids.copied().collect()
            }),
            unique_email: load.unique_email,
        };
        let mut used = Used::default();
        let mut outcomes = Outcomes::default();
        for (index, record) in load.files[table].iter().flatten().enumerate() {
            let line = index + 2;
            let (id, row) = match rules.apply(record, line, &mut used) {
                Ok(accepted) => accepted,
                Err(reasons) => {
                    outcomes.skipped.insert(line, reasons.join("; "));
                    continue;
                }
            };
            let missing = rules.missing(record, &unwritten);
            if !missing.is_empty() {
                outcomes.failed.insert(line, missing.join("; "));
            } else if locked == Some(table)
                && stored[table]
                    .get(&id)
                    .is_none_or(|stored| load.update && *stored != row)
            {
                let reason = format!(
                    "{}.db is locked by another process (waited 0 s)",
                    TABLES[table]
                );
                outcomes.failed.insert(line, reason);
                // What refers to a row that stays as it is may still be written.
                if table < 2 && !stored[table].contains_key(&id) {
                    unwritten[table].insert(id);
                }
            } else {
                match stored[table].get(&id) {
                    Some(same) if *same == row => drop(outcomes.unchanged.insert(id, row)),
                    Some(_) if load.update => drop(outcomes.updated.insert(id, row)),
                    Some(other) => {
                        let reason = taken(table, id, other, &row);
                        outcomes.skipped.insert(line, reason);
                    }
                    None => drop(outcomes.inserted.insert(id, row)),
                }
            }
        }
        expected[table] = outcomes;
    }
    expected
}

/// The ids and emails of the records before.
#[derive(Default)]
struct Used {
    /// The line that used each id.
    ids: BTreeMap<i64, usize>,
    /// The first user with each email.
    emails: BTreeMap<String, i64>,
}

struct Rules<'a> {
    table: usize,
    stored: &'a Stored,
    /// The users and products that an order may refer to.
    known: [BTreeSet<i64>; 2],
    unique_email: bool,
}

impl Rules<'_> {
    /// The id and the row of a record that keeps the rules, or the reasons why it does not.
    fn apply(
        &self,
        record: &Record,
        line: usize,
        used: &mut Used,
    ) -> Result<(i64, String), Vec<String>> {
        let fields = [3, 3, 4][self.table];
        if record.len() != fields {
            return Err(vec![format!(
                "expected {fields} fields, found {}",
                record.len()
            )]);
        }
        let mut broken = Vec::new();
        let mut cells = Vec::new();
        let id = positive(&record[0], "id", &mut broken).unwrap_or_default();
        if let Some(line) = used.ids.get(&id) {
            broken.push(format!("id {id} is already used on line {line}"));
        }
        cells.push(id.to_string());
        match self.table {
            0 => {
                let (name, email) = (&record[1], &record[2]);
                not_empty(name, &mut broken);
                if email.trim().is_empty() {
                    broken.push("email is empty".to_string());
                } else if !email.contains('@') {
                    broken.push(format!("email is not valid: {email:?}"));
                } else if let Some(owner) = self.owner(email, used)
                    && owner != id
                {
                    broken.push(format!("email {email:?} is already used by id {owner}"));
                }
                cells.extend([name.clone(), email.clone()]);
            }
            1 => {
                not_empty(&record[1], &mut broken);
                match record[2].parse::<f64>() {
                    _ if record[2].trim().is_empty() => broken.push("price is empty".to_string()),
                    Ok(price) if price > 0.0 => {
                        cells.extend([record[1].clone(), format!("{price:?}")])
                    }
                    Ok(_) => {
                        broken.push(format!("price must be greater than 0, got {}", record[2]))
                    }
                    Err(_) => broken.push(format!("price is not a number: {:?}", record[2])),
                }
            }
            _ => {
                for (parent, column) in ["user_id", "product_id"].into_iter().enumerate() {
                    match whole(&record[1 + parent], column) {
                        Ok(id) if !self.known[parent].contains(&id) => {
                            let table = TABLES[parent];
                            broken.push(format!("{column} {id} does not exist in {table}"));
                        }
                        Ok(id) => cells.push(id.to_string()),
                        Err(reason) => broken.push(reason),
                    }
                }
                let quantity = positive(&record[3], "quantity", &mut broken);
                cells.push(quantity.unwrap_or_default().to_string());
            }
        }
        if !broken.is_empty() {
            return Err(broken);
        }
        used.ids.insert(id, line);
        if self.table == 0 {
            used.emails
                .entry(record[2].to_ascii_lowercase())
                .or_insert(id);
        }
        Ok((id, cells.join("|")))
    }

    /// The user that an email belongs to, if emails are unique.
    fn owner(&self, email: &str, used: &Used) -> Option<i64> {
        let has_email = |row: &String| {
            row.rsplit('|')
                .next()
                .is_some_and(|it| it.eq_ignore_ascii_case(email))
        };
        let stored = self.stored[0]
            .iter()
            .find(|(_, row)| has_email(row))
            .map(|(id, _)| *id);
        let owner = stored.or_else(|| used.emails.get(&email.to_ascii_lowercase()).copied());
        owner.filter(|_| self.unique_email)
    }

    /// Why an order that keeps the rules cannot be written.
    fn missing(&self, record: &Record, unwritten: &[BTreeSet<i64>; 2]) -> Vec<String> {
        let mut missing = Vec::new();
        for (parent, column) in ["user_id", "product_id"]
            .into_iter()
            .enumerate()
            .filter(|_| self.table == 2)
        {
            if let Ok(id) = whole(&record[1 + parent], "id")
                && unwritten[parent].contains(&id)
            {
                let table = TABLES[parent];
                missing.push(format!("{column} {id} could not be inserted into {table}"));
            }
        }
        missing
    }
}

fn not_empty(name: &str, broken: &mut Vec<String>) {
    if name.trim().is_empty() {
        broken.push("name is empty".to_string());
    }
}

fn positive(text: &str, column: &str, broken: &mut Vec<String>) -> Option<i64> {
    match whole(text, column) {
        Ok(number) if number > 0 => return Some(number),
        Ok(number) => broken.push(format!("{column} must be greater than 0, got {number}")),
        Err(reason) => broken.push(reason),
    }
    None
}

fn whole(text: &str, column: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    match text.parse() {
        _ if text.trim().is_empty() => Err(format!("{column} is empty")),
        _ if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(format!("{column} is not a whole number: {text:?}"))
        }
        Ok(number) => Ok(number),
        Err(_) => Err(format!("{column} is out of range: {text:?}")),
    }
}

/// The reason of a row whose id belongs to another one, both as the shell prints them.
fn taken(table: usize, id: i64, stored: &str, row: &str) -> String {
    let columns = [
        &["id", "name", "email"][..],
        &["id", "name", "price"],
        &["id", "user_id", "product_id", "quantity"],
    ][table];
    let cells = stored.split('|').zip(row.split('|')).zip(columns);
    let differing = cells.filter(|((stored, given), _)| stored != given);
    let differing: Vec<_> = differing.map(|(_, column)| *column).collect();
    let differ = match &differing[..] {
        [column] => format!("{column} differs"),
        [columns @ .., last] => format!("{} and {last} differ", columns.join(", ")),
        [] => panic!("{stored} is {row}"),
    };
    let table = TABLES[table];
    format!("id {id} is already taken by a different row in {table}.db ({differ})")
}

/// The stored rows that break a rule about other rows, as `check` lists them. The rules about cells hold for every row
/// of a history.
pub fn violations(stored: &Stored, unique_email: bool) -> Vec<String> {
    let mut violations = Vec::new();
    let mut owners = BTreeMap::new();
    for (id, row) in stored[0].iter().filter(|_| unique_email) {
        let email = row.rsplit('|').next().unwrap();
        let owner = *owners.entry(email.to_ascii_lowercase()).or_insert(*id);
        if owner != *id {
            violations.push(format!(
                "users {id}: email {email:?} is already used by id {owner}"
            ));
        }
    }
    for (id, row) in &stored[2] {
        let dangles = dangling(row, stored);
        if !dangles.is_empty() {
            violations.push(format!("orders {id}: {}", dangles.join("; ")));
        }
    }
    violations
}

/// The users and products that an order refers to and that are not stored.
pub fn dangling(order: &str, stored: &Stored) -> Vec<String> {
    let ids: Vec<i64> = order.split('|').map(|cell| cell.parse().unwrap()).collect();
    let mut dangling = Vec::new();
    for (parent, column) in ["user_id", "product_id"].into_iter().enumerate() {
        let id = ids[1 + parent];
        if !stored[parent].contains_key(&id) {
            let table = TABLES[parent];
            dangling.push(format!("{column} {id} does not exist in {table}"));
        }
    }
    dangling
}
