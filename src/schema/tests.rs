use super::*;

#[test]
fn declares_the_built_in_tables_with_their_columns_and_types() {
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
fn a_built_in_table_comes_after_those_it_refers_to() {
    for (index, table) in TABLES.iter().enumerate() {
        for reference in table.references {
            let earlier = TABLES[..index].iter().any(|t| t.name == reference.parent);
            assert!(earlier, "{} comes before {}", table.name, reference.parent);
        }
    }
}
