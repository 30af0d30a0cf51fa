CREATE TABLE members (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    card TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
);

CREATE TABLE books (
    isbn  TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    loans INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE loans (
    id   INTEGER PRIMARY KEY,
    card TEXT NOT NULL REFERENCES members (card),
    isbn TEXT NOT NULL REFERENCES books (isbn),
    day  DATE NOT NULL,
    UNIQUE (isbn, day)
);

CREATE TRIGGER count_loans AFTER INSERT ON loans BEGIN
    UPDATE books SET loans = loans + 1 WHERE isbn = NEW.isbn;
END;
