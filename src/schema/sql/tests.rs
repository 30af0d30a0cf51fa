use super::*;

fn tables(script: &str) -> &'static [&'static Table] {
    read(script.as_bytes())
        .unwrap_or_else(|error| panic!("{error}"))
        .tables
}

#[test]
fn reads_tables() {
    let t = tables(
        "CREATE TABLE o(id INTEGER PRIMARY KEY, c TEXT REFERENCES c, q INT CHECK (q /* x */ > 0)); create table c(code text primary key, n varchar(20) not null default 'x' collate nocase, unique(n, code));",
    );
    eprintln!("{t:#?}");
}
