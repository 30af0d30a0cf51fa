CREATE TABLE customers (
    code    TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    email   TEXT UNIQUE,
    country CHAR(2) NOT NULL DEFAULT 'DE' CHECK (length(country) = 2)
);

CREATE TABLE invoices (
    id       INTEGER PRIMARY KEY,
    customer TEXT NOT NULL REFERENCES customers (code),
    day      DATE NOT NULL,
    total    NUMERIC(10, 2) CHECK (total > 0)
);
