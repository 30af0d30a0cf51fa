//! CSV files to load.

/// A clean CSV file for each table.
pub const CLEAN: [&str; 3] = [
    "id,name,email\n1,Alice,alice@b.co\n2,Bob,bob@b.co\n",
    "id,name,price\n1,Laptop,1000\n2,Mouse,30.5\n",
    "id,user_id,product_id,quantity\n1,1,2,3\n2,2,1,1\n",
];

/// What is stored once the clean files are loaded.
pub const CLEAN_ROWS: [[&str; 2]; 3] = [
    ["1|Alice|alice@b.co", "2|Bob|bob@b.co"],
    ["1|Laptop|1000.0", "2|Mouse|30.5"],
    ["1|1|2|3", "2|2|1|1"],
];

/// The header of a table, by its place among the tables.
pub const fn header(table: usize) -> &'static str {
    HEADERS[table]
}

const HEADERS: [&str; 3] = [
    "id,name,email",
    "id,name,price",
    "id,user_id,product_id,quantity",
];

/// Clean CSV files with as many rows each.
pub fn many(rows: usize) -> [String; 3] {
    let mut texts = [0, 1, 2].map(|table| header(table).to_string() + "\n");
    for id in 1..=rows {
        texts[0] += &format!("{id},User {id},u{id}@b.co\n");
        texts[1] += &format!("{id},Product {id},{id}.25\n");
        texts[2] += &format!("{id},{id},{},{id}\n", rows + 1 - id);
    }
    texts
}
