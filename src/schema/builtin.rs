//! The built-in tables: users, products and orders.

use super::Rule::*;
use super::{Collation, Column, Key, Kind, Reference, Role, Rule, Table};

/// The built-in tables; a table comes after those it refers to.
pub static TABLES: &[&Table] = &[&USERS, &PRODUCTS, &ORDERS];

static USERS: Table = Table {
    name: "users",
    row: "user",
    columns: &[
        ID,
        text("name", &[NotEmpty]),
        text("email", &[NotEmpty, Email, Unique(1)]),
    ],
    keys: &[
        ID_KEY,
        Key {
            columns: &[2],
            collations: &[Collation::NoCase],
            role: Role::UniqueOnRequest,
            filter: None,
        },
    ],
    seed: include_str!("../../seed/users.csv"),
    ..TABLE
};

static PRODUCTS: Table = Table {
    name: "products",
    row: "product",
    columns: &[
        ID,
        text("name", &[NotEmpty]),
        real("price", &[NotEmpty, Positive]),
    ],
    seed: include_str!("../../seed/products.csv"),
    ..TABLE
};

static ORDERS: Table = Table {
    name: "orders",
    row: "order",
    columns: &[
        ID,
        integer("user_id", &[NotEmpty, Exists(0)]),
        integer("product_id", &[NotEmpty, Exists(1)]),
        integer("quantity", &[NotEmpty, Positive]),
    ],
    references: &[
        Reference {
            columns: &[1],
            parent: "users",
            key: 0,
        },
        Reference {
            columns: &[2],
            parent: "products",
            key: 0,
        },
    ],
    seed: include_str!("../../seed/orders.csv"),
    ..TABLE
};

/// What the built-in tables have in common.
pub const TABLE: Table = Table {
    name: "",
    row: "row",
    columns: &[ID],
    keys: &[ID_KEY],
    references: &[],
    checks: &[],
    rules: &[],
    assigns_ids: false,
    has_rowid: true,
    file: None,
    encoding: "UTF-8",
    seed: "",
};

/// The first column of every built-in table.
pub const ID: Column = integer("id", &[NotEmpty, Positive, Unique(0)]);

const ID_KEY: Key = Key {
    columns: &[0],
    collations: &[Collation::Binary],
    role: Role::Rowid,
    filter: None,
};

/// A column of whole numbers.
pub const fn integer(name: &'static str, rules: &'static [Rule]) -> Column {
    column(name, Kind::Integer, "INTEGER", rules)
}

/// A column of finite numbers.
pub const fn real(name: &'static str, rules: &'static [Rule]) -> Column {
    column(name, Kind::Real, "REAL", rules)
}

/// A column of text.
pub const fn text(name: &'static str, rules: &'static [Rule]) -> Column {
    column(name, Kind::Text, "TEXT", rules)
}

const fn column(
    name: &'static str,
    kind: Kind,
    declared: &'static str,
    rules: &'static [Rule],
) -> Column {
    Column {
        name,
        kind,
        declared,
        collation: Collation::Binary,
        required: true,
        generated: false,
        default: None,
        rules,
    }
}
