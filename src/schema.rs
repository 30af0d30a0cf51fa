//! The tables as data: the only module that knows users from products and orders.
//!
//! Everything else derives from here: the `CREATE TABLE` statements, how a CSV cell is parsed, which rules it must
//! follow, how it is bound, which rows an order waits for, and what `check` looks at.

use Rule::*;

/// One table, kept in a SQLite file of its own.
#[derive(Debug)]
pub struct Table {
    /// The table's name, which is also that of its CSV file (`users.csv`) and of its database (`users.db`).
    pub name: &'static str,
    /// What one row is called in messages: `user`.
    pub row: &'static str,
    /// The columns in their order. The first one is the `id`, an integer and the primary key.
    pub columns: &'static [Column],
    /// The embedded rows, as the text of a CSV file.
    pub seed: &'static str,
}

/// A table is equal only to itself.
impl PartialEq for Table {
    fn eq(&self, other: &Table) -> bool {
        std::ptr::eq(self, other)
    }
}

/// One column of a table.
#[derive(Debug)]
pub struct Column {
    /// The column's name, in the database as in the header of the CSV file.
    pub name: &'static str,
    /// What its cells hold.
    pub kind: Kind,
    /// The rules for its cells beyond that, in the order in which broken rules are reported.
    pub rules: &'static [Rule],
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// ASCII digits with an optional sign, within `i64`.
    Integer,
    /// What Rust's `f64` parses, if it is finite.
    Real,
    /// Any text without NUL.
    Text,
}

/// A rule for the cells of one column.
#[derive(Debug)]
pub enum Rule {
    /// Greater than 0.
    Positive,
    /// At least one character that is neither Unicode white space nor a format character.
    NotEmpty,
    /// One `@` with something before it and two or more non-empty labels, separated by dots, after it; no white
    /// space, control or format character.
    Email,
    /// No other row of the batch has this id. For the first column.
    UniqueId,
    /// No other row, stored or of the batch, has this text (ASCII case-insensitive). Only with `--unique-email`.
    UniqueOnRequest,
    /// A row with this id exists in a table that stands earlier in the list of tables.
    References(&'static Table),
}

/// The tables of the program; a table comes after those it refers to.
pub static TABLES: &[&Table] = &[&USERS, &PRODUCTS, &ORDERS];

static USERS: Table = Table {
    name: "users",
    row: "user",
    columns: &[
        ID,
        text("name", &[NotEmpty]),
        text("email", &[Email, UniqueOnRequest]),
    ],
    seed: include_str!("../seed/users.csv"),
};

static PRODUCTS: Table = Table {
    name: "products",
    row: "product",
    columns: &[ID, text("name", &[NotEmpty]), real("price", &[Positive])],
    seed: include_str!("../seed/products.csv"),
};

static ORDERS: Table = Table {
    name: "orders",
    row: "order",
    columns: &[
        ID,
        integer("user_id", &[References(&USERS)]),
        integer("product_id", &[References(&PRODUCTS)]),
        integer("quantity", &[Positive]),
    ],
    seed: include_str!("../seed/orders.csv"),
};

/// The first column of every table.
pub const ID: Column = integer("id", &[Positive, UniqueId]);

/// A column of whole numbers.
pub const fn integer(name: &'static str, rules: &'static [Rule]) -> Column {
    let kind = Kind::Integer;
    Column { name, kind, rules }
}

/// A column of finite numbers.
pub const fn real(name: &'static str, rules: &'static [Rule]) -> Column {
    let kind = Kind::Real;
    Column { name, kind, rules }
}

/// A column of text.
pub const fn text(name: &'static str, rules: &'static [Rule]) -> Column {
    let kind = Kind::Text;
    Column { name, kind, rules }
}

impl Table {
    /// The name of the table's database file: `users.db`.
    pub fn database(&self) -> String {
        format!("{}.db", self.name)
    }

    /// The name of the table's CSV file: `users.csv`.
    pub fn csv(&self) -> String {
        format!("{}.csv", self.name)
    }

    /// The columns as SQL declares them: `id INTEGER PRIMARY KEY, name TEXT, email TEXT`.
    pub fn declaration(&self) -> String {
        let columns = self.columns.iter().enumerate().map(|(index, column)| {
            let kind = match column.kind {
                Kind::Integer => "INTEGER",
                Kind::Real => "REAL",
                Kind::Text => "TEXT",
            };
            let key = if index == 0 { " PRIMARY KEY" } else { "" };
            format!("{} {kind}{key}", column.name)
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    /// The names of the columns, separated by commas.
    pub fn column_names(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }

    /// The references of the table: the index of the column that refers, and the table it refers to.
    pub fn references(&self) -> impl Iterator<Item = (usize, &'static Table)> {
        self.columns.iter().enumerate().flat_map(|(index, column)| {
            column.rules.iter().filter_map(move |rule| match rule {
                Rule::References(parent) => Some((index, *parent)),
                _ => None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declares_the_tables_with_their_columns_and_types() {
        let declared: Vec<_> = TABLES.iter().map(|t| (t.name, t.declaration())).collect();
        assert_eq!(
            declared,
            [
                (
                    "users",
                    "id INTEGER PRIMARY KEY, name TEXT, email TEXT".to_string()
                ),
                (
                    "products",
                    "id INTEGER PRIMARY KEY, name TEXT, price REAL".to_string()
                ),
                (
                    "orders",
                    "id INTEGER PRIMARY KEY, user_id INTEGER, product_id INTEGER, quantity INTEGER"
                        .to_string()
                ),
            ]
        );
    }

    #[test]
    fn a_table_comes_after_those_it_refers_to() {
        for (index, table) in TABLES.iter().enumerate() {
            for (_, parent) in table.references() {
                let earlier = TABLES[..index].iter().any(|t| t.name == parent.name);
                assert!(earlier, "{} comes before {}", table.name, parent.name);
            }
        }
    }

    #[test]
    fn the_first_column_is_the_id() {
        for table in TABLES {
            assert_eq!(table.columns[0].name, "id", "{}", table.name);
            assert_eq!(table.columns[0].kind, Kind::Integer, "{}", table.name);
        }
    }
}
