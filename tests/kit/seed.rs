//! What a plain insert stores: the seed.

/// The users that a plain insert stores, as the sqlite3 shell prints them.
pub const USERS: [&str; 9] = [
    "1|Alice|alice@example.com",
    "2|Bob|bob@example.com",
    "3|Charlie|charlie@example.com",
    "4|David|david@example.com",
    "5|Eve|eve@example.com",
    "6|Frank|frank@example.com",
    "7|Grace|grace@example.com",
    "8|Alice|alice@example.com",
    "9|Henry|henry@example.com",
];

/// The products that a plain insert stores.
pub const PRODUCTS: [&str; 9] = [
    "1|Laptop|1000.0",
    "2|Smartphone|700.0",
    "3|Headphones|150.0",
    "4|Monitor|300.0",
    "5|Keyboard|50.0",
    "6|Mouse|30.0",
    "7|Laptop|1000.0",
    "8|Smartwatch|250.0",
    "9|Gaming Chair|500.0",
];

/// The orders that a plain insert stores.
pub const ORDERS: [&str; 7] = [
    "1|1|1|2", "2|2|2|1", "3|3|3|5", "4|4|4|1", "5|5|5|3", "6|6|6|4", "7|7|7|2",
];

/// The counts of a first plain insert: inserted, unchanged, skipped and failed users, products and orders.
pub const ALL_INSERTED: [[u64; 4]; 3] = [[9, 0, 1, 0], [9, 0, 1, 0], [7, 0, 3, 0]];

/// The counts of a rerun that finds all of it stored.
pub const ALL_UNCHANGED: [[u64; 4]; 3] = [[0, 9, 1, 0], [0, 9, 1, 0], [0, 7, 3, 0]];
