//! Scripts as people have them: what is taken from them, and what is ignored.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

#[test]
fn statements_may_hold_quotes_comments_and_semicolons() {
    let script = "-- CREATE TABLE no1 (a);\n/* CREATE TABLE no2 (a); */ INSERT INTO x VALUES ('; CREATE TABLE no3 (a);', \"it's\");
        CREATE TABLE a (\"x;y\" TEXT DEFAULT ';' /* ; ' */ CHECK (\"x;y\" <> '--')); ;; CREATE TABLE b ([it's] INT) -- ;\n";
    assert_eq!(names(script), ["a", "b"]);
}

#[test]
fn an_error_names_the_line_and_has_the_words_of_sqlite() {
    let script = "CREATE TABLE a (x);\n\nCREATE TABLE b (\n  id INT,\n  n INT(11) UNSIGNED\n);\n";
    assert_eq!(
        error(script),
        "line 5: SQLite rejects this statement: near \"UNSIGNED\": syntax error"
    );
    assert_eq!(
        error("CREATE TABLE a (x);\n\n\nCREATE TABLE A (\n  y);"),
        "line 4: SQLite rejects this statement: table A already exists"
    );
}

#[test]
fn a_script_that_is_not_utf8_matters_only_where_it_is_read() {
    let in_data = b"CREATE TABLE a (x);\nINSERT INTO a VALUES ('M\xfcller');\nCREATE TABLE b (x);";
    assert_eq!(
        read(in_data, Layout::OwnFiles, |_, _, _| true)
            .unwrap()
            .tables
            .len(),
        2
    );
    let in_name = b"CREATE TABLE a (x);\nCREATE TABLE b (\n  gr\xf6\xdfe INT);";
    assert_eq!(
        read(in_name, Layout::OwnFiles, |_, _, _| true)
            .unwrap_err()
            .to_string(),
        "line 3 is not valid UTF-8: save the script as UTF-8"
    );
    assert!(matches!(
        read(b"\xff\xfeC\0R\0", Layout::OwnFiles, |_, _, _| true),
        Err(Error::NotUtf8(1))
    ));
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_matter() {
    assert_eq!(
        names("\u{feff}CREATE TABLE a (\r\n  x INT\r\n);\r\nGO\r\nCREATE TABLE b (x)\r\ngo\r\n"),
        ["a", "b"]
    );
}

#[test]
fn a_line_that_begins_with_a_hash_is_a_comment_as_it_is_for_the_shell() {
    let schema = schema("# it's mine\nCREATE TABLE a (x);\n# CREATE TABLE b (x);\n");
    assert_eq!((schema.tables.len(), schema.notes.len()), (1, 0));
}

#[test]
fn nothing_but_tables_and_unique_indexes_is_run() {
    let file = std::env::temp_dir().join("tradexa-attached-by-a-schema.db");
    let script = format!(
        "ATTACH '{}' AS x; CREATE TABLE a (x); VACUUM INTO '{}'; DELETE FROM a; SELECT load_extension('x');",
        file.display(),
        file.display()
    );
    assert_eq!(names(&script), ["a"]);
    assert!(!file.exists());
    for script in [
        "CREATE TABLE a AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        "CREATE TABLE a AS SELECT * FROM pragma_database_list",
    ] {
        assert!(
            error(script).contains("not authorized") || error(script).contains("no such table"),
            "{}",
            error(script)
        );
    }
}

#[test]
fn a_statement_that_would_run_for_ever_is_an_error() {
    let script = "CREATE TABLE z (i); CREATE TABLE d AS SELECT column1 AS i FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10));
        CREATE TABLE a AS SELECT count(*) FROM d a, d b, d c, d d, d e, d f, d g, d h, d i, d j, d k, d l, d m";
    assert_eq!(
        error(script),
        "line 2: SQLite rejects this statement: interrupted"
    );
}

#[test]
fn create_table_as_makes_a_table_without_constraints() {
    let script = "CREATE TABLE a (id INTEGER PRIMARY KEY, n VARCHAR(20) NOT NULL CHECK (n <> '')); CREATE TABLE b AS SELECT n AS m, id FROM a;";
    let table = schema(script).tables[1];
    assert_eq!(table.declaration(), "\"m\" TEXT, id INT");
    assert!(table.keys.is_empty() && table.checks.is_empty());
}

#[test]
fn what_is_dropped_or_altered_in_a_script_counts() {
    let script = "CREATE TABLE IF NOT EXISTS x (id INTEGER PRIMARY KEY); CREATE TABLE y (x REFERENCES x);
        CREATE UNIQUE INDEX i ON y (x); DROP INDEX i; CREATE INDEX j ON y (x); DROP INDEX IF EXISTS j; DROP INDEX IF EXISTS k;
        CREATE TABLE new__x (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO new__x SELECT id, '' FROM x;
        DROP TABLE \"x\"; ALTER TABLE \"new__x\" RENAME TO \"x\"; DROP TABLE IF EXISTS z;";
    let tables = schema(script).tables;
    assert_eq!(tables[0].column_list(), "id, \"a\"");
    assert_eq!((tables[1].name, tables[1].keys.len()), ("y", 0));
}

#[test]
fn what_is_ignored_is_reported_once_for_each_kind() {
    let script = ".mode csv\n.headers on\nPRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE a (x);
        CREATE INDEX i ON a (x); CREATE INDEX j ON a (x); CREATE VIEW v AS SELECT 1; CREATE TEMP VIEW w AS SELECT 1;
        CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM a; END;
        CREATE TEMP TABLE b (x); CREATE TEMPORARY TABLE c (x); CREATE TABLE temp.d (x); CREATE VIRTUAL TABLE f USING fts5(x);
        INSERT INTO a VALUES (1); UPDATE a SET x = 2; ANALYZE; SET NAMES utf8; COMMENT ON TABLE a IS 'x'; COMMIT;";
    assert_eq!(
        schema(script).notes,
        [
            "2 indexes that are not unique were ignored: i, j",
            "2 views were ignored: v, w",
            "1 trigger was ignored: t",
            "3 TEMP tables were ignored: b, c, d",
            "1 virtual or shadow table was ignored: f",
            "2 data statements were ignored",
            "1 pragma was ignored",
            "2 transaction statements were ignored",
            "2 shell commands were ignored",
            "3 other statements were ignored (ANALYZE, COMMENT ON, SET)",
        ]
    );
    assert!(schema("CREATE TABLE a (x); CREATE TABLE sqlite_sequence(name,seq); CREATE TABLE sqlite_stat1(tbl,idx,stat)").notes.is_empty());
}

#[test]
fn what_concerns_something_ignored_is_ignored_too() {
    let script = "CREATE TABLE a (x); CREATE TEMP TABLE B (x); CREATE UNIQUE INDEX i ON b (x); ALTER TABLE b ADD COLUMN y;
        ALTER TABLE B RENAME TO c; CREATE UNIQUE INDEX temp.j ON c (y); DROP INDEX i; DROP TABLE c;
        CREATE VIEW v AS SELECT 1; DROP VIEW v; CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END; DROP TRIGGER t;
        CREATE VIRTUAL TABLE f USING fts5(x); DROP TABLE f;";
    assert_eq!(names(script), ["a"]);
}

#[test]
fn tables_of_virtual_tables_are_known_by_their_names() {
    let script = "CREATE TABLE IF NOT EXISTS 'docs_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
        CREATE VIRTUAL TABLE docs USING FTS5(title, body)\n/* docs(title,body) */;
        CREATE TABLE IF NOT EXISTS 'docs_data'(id INTEGER PRIMARY KEY, block BLOB);
        CREATE TABLE docs_notes (x); CREATE TABLE idx (x);
        CREATE VIRTUAL TABLE \"my places\" USING rtree(id, x0, x1); CREATE TABLE \"my places_node\"(nodeno, data);
        CREATE VIRTUAL TABLE v USING vec0(e float[3]); CREATE TABLE v_vector_chunks00(rowid PRIMARY KEY, vectors);";
    assert_eq!(names(script), ["docs_notes", "idx"]);
}

#[test]
fn a_dump_of_the_shell() {
    let script = "PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE artists (id INTEGER PRIMARY KEY AUTOINCREMENT, name NVARCHAR(120) NOT NULL UNIQUE);
INSERT INTO artists VALUES(1,'AC/DC; -- \"live\"');
INSERT INTO artists VALUES(2,replace('a\\nb','\\n',char(10)));
CREATE TABLE IF NOT EXISTS \"album list\" (id INTEGER PRIMARY KEY, artist INT NOT NULL REFERENCES artists(id));
PRAGMA writable_schema=ON;
INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','search','search',0,'CREATE VIRTUAL TABLE search USING fts5(title, tokenize = ''porter'')');
CREATE TABLE IF NOT EXISTS 'search_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO search_data VALUES(1,X'000000');
CREATE TABLE IF NOT EXISTS 'search_config'(k PRIMARY KEY, v) WITHOUT ROWID;
PRAGMA writable_schema=OFF;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('artists',2);
CREATE TRIGGER touch AFTER UPDATE ON artists WHEN old.name <> new.name BEGIN
  UPDATE artists SET name = CASE WHEN 1 THEN 'a;' END;
END;
CREATE INDEX by_artist ON \"album list\" (artist);
COMMIT;
";
    assert_eq!(names(script), ["artists", "album list"]);
    let start = "3 virtual and shadow tables were ignored: ";
    let notes = schema(script).notes;
    assert!(
        notes.iter().any(|note| note.starts_with(start)),
        "{notes:?}"
    );
}

#[test]
fn what_the_shell_prints_with_schema() {
    let script = "CREATE TABLE users(\n  id INTEGER PRIMARY KEY,\n  email TEXT COLLATE NOCASE\n);
CREATE TABLE sqlite_sequence(name,seq);
CREATE UNIQUE INDEX users_email ON users(email) WHERE email IS NOT NULL;
CREATE VIEW mails AS SELECT email FROM users
/* mails(email) */;
CREATE TABLE orders(id INT, user INT, PRIMARY KEY(id), FOREIGN KEY(user) REFERENCES users);
";
    assert_eq!(names(script), ["users", "orders"]);
    assert_eq!(
        schema(script).tables[0].keys[1].filter,
        Some("email IS NOT NULL")
    );
}

#[test]
fn the_tables_of_django() {
    let script = r#"BEGIN;
--
-- Create model Author
--
CREATE TABLE "shop_author" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(100) NOT NULL, "born" date NULL, "active" bool NOT NULL);
CREATE TABLE "shop_book" ("id" char(32) NOT NULL PRIMARY KEY, "title" varchar(200) NOT NULL, "pages" smallint unsigned NOT NULL CHECK ("pages" >= 0), "meta" text NOT NULL CHECK ((JSON_VALID("meta") OR "meta" IS NULL)), "price" decimal NOT NULL, "created" datetime NOT NULL, "length" bigint NOT NULL, "cover" BLOB NULL, "author_id" bigint NOT NULL REFERENCES "shop_author" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "price_positive" CHECK ("price" > '0'), CONSTRAINT "unique_title" UNIQUE ("author_id", "title"));
CREATE TABLE "shop_book_readers" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "book_id" char(32) NOT NULL REFERENCES "shop_book" ("id") DEFERRABLE INITIALLY DEFERRED, "author_id" bigint NOT NULL REFERENCES "shop_author" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE UNIQUE INDEX "shop_book_readers_uniq" ON "shop_book_readers" ("book_id", "author_id");
CREATE INDEX "shop_book_author_idx" ON "shop_book" ("author_id");
COMMIT;
"#;
    let tables = schema(script).tables;
    let kinds: Vec<_> = tables[1].columns.iter().map(|column| column.kind).collect();
    use Kind::*;
    assert_eq!(
        kinds,
        [
            Text, Text, Integer, Text, Numeric, DateTime, Integer, Blob, Integer
        ]
    );
    assert_eq!(tables[1].checks[2].name, Some("price_positive"));
    assert_eq!(tables[1].columns[2].rules, [Rule::Holds(0)]);
    assert_eq!(tables[1].rules, [Rule::Unique(1), Rule::Holds(2)]);
    assert_eq!((tables[2].keys.len(), tables[2].references.len()), (2, 2));
}

#[test]
fn the_tables_of_rails() {
    let script = r#"CREATE TABLE IF NOT EXISTS "schema_migrations" ("version" varchar NOT NULL PRIMARY KEY);
CREATE TABLE IF NOT EXISTS "ar_internal_metadata" ("key" varchar NOT NULL PRIMARY KEY, "value" varchar, "created_at" datetime(6) NOT NULL);
CREATE TABLE IF NOT EXISTS "posts" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "title" varchar DEFAULT 'untitled' NOT NULL, "published" boolean DEFAULT 0, "rating" float, "data" json DEFAULT '{}', "user_id" integer, "created_at" datetime(6) NOT NULL, CONSTRAINT "fk_rails_1"
FOREIGN KEY ("user_id")
  REFERENCES "users" ("id")
, CONSTRAINT chk_rating CHECK (rating >= 0 AND rating <= 5));
CREATE TABLE IF NOT EXISTS "users" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "email" varchar NOT NULL /*application='blog'*/);
CREATE UNIQUE INDEX "index_users_on_email" ON "users" ("email") /*application='blog'*/;
CREATE INDEX "index_posts_on_user_id" ON "posts" ("user_id");
INSERT INTO "schema_migrations" (version) VALUES
('20260102030405'),
('20260101000000');
"#;
    assert_eq!(
        names(script),
        [
            "schema_migrations",
            "ar_internal_metadata",
            "users",
            "posts"
        ]
    );
    let posts = schema(script).tables[3];
    assert_eq!(posts.columns[1].default, Some("'untitled'"));
    assert_eq!(
        (posts.columns[4].kind, posts.columns[4].declared),
        (Kind::Text, "TEXT")
    );
    assert_eq!(posts.checks[0].name, Some("chk_rating"));
}

#[test]
fn a_dump_of_postgresql_stops_at_the_first_table_with_sqlites_error() {
    let script = "--
-- PostgreSQL database dump
--
\\restrict abc'def

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
COMMENT ON EXTENSION pgcrypto IS 'it''s; good';
CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  NEW.at := now(); -- don't
  RETURN NEW;
END;
$$;
ALTER FUNCTION public.touch() OWNER TO me;
CREATE TYPE public.mood AS ENUM ('a;', 'b');
CREATE SEQUENCE public.users_id_seq START WITH 1;
CREATE TABLE public.users (
    id integer NOT NULL
);
";
    assert_eq!(
        error(script),
        "line 21: SQLite rejects this statement: unknown database public"
    );
    let plain = script.replace("TABLE public.", "TABLE ")
        + "COPY public.users (id) FROM stdin;\n1\tit's\n2\tCREATE TABLE no (x);\n\\.\n\nCREATE TRIGGER t BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch();
INSERT INTO x VALUES (E'it\\'s;');\nCREATE TABLE posts (id bigint PRIMARY KEY, at timestamp with time zone DEFAULT CURRENT_TIMESTAMP);\n\\unrestrict abc'def\n";
    assert_eq!(names(&plain), ["users", "posts"]);
}

#[test]
fn a_dump_of_mysql_stops_at_the_first_table_with_sqlites_error() {
    let script = "-- MySQL dump 10.13
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `users`;
CREATE TABLE `users` (
  `id` int(11) NOT NULL,
  `name` varchar(20) CHARACTER SET utf8 DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
LOCK TABLES `users` WRITE;
DELIMITER ;;
CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END;;
DELIMITER ;
";
    assert!(
        error(script).starts_with("line 6: SQLite rejects this statement: near \"CHARACTER\""),
        "{}",
        error(script)
    );
    let plain = script
        .replace(" CHARACTER SET utf8", "")
        .replace(" ENGINE=InnoDB", "")
        + "CREATE TABLE posts (x int);";
    assert_eq!(names(&plain), ["users", "posts"]);
}

#[test]
fn the_statements_of_a_database() {
    let statements = [
        "CREATE UNIQUE INDEX i ON t (a)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE)",
        "CREATE TABLE sqlite_sequence(name,seq)",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
        "CREATE TABLE 'f_data'(id INTEGER PRIMARY KEY, block BLOB)",
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT 1",
    ];
    let schema = from_statements(
        &statements.map(str::to_string),
        Layout::OwnFiles,
        |_, _, _| true,
    )
    .unwrap();
    assert_eq!(schema.tables.len(), 1);
    assert_eq!(schema.tables[0].keys[1].collations, [Collation::NoCase]);
    let statements = ["CREATE TABLE t (a AS (f(a)), b)".to_string()];
    assert_eq!(
        from_statements(&statements, Layout::OwnFiles, |_, _, _| true)
            .unwrap_err()
            .to_string(),
        "CREATE TABLE t: SQLite rejects this statement: no such function: f"
    );
}

#[test]
fn a_quote_that_is_not_closed_is_an_error() {
    let script = "CREATE TABLE a (x);\nINSERT INTO a\n VALUES ('it's');\nCREATE TABLE b (x);\n";
    assert_eq!(
        error(script),
        "line 3: the quote that begins here is not closed: close it"
    );
    assert!(
        error("CREATE TABLE a (x);\nCREATE TABLE b (\"x);").starts_with("line 2: SQLite rejects")
    );
}

#[test]
fn a_unique_index_may_have_the_name_that_another_had() {
    let script = "CREATE TABLE a (x, y); CREATE INDEX i ON a (x); DROP INDEX i; CREATE UNIQUE INDEX i ON a (x); DROP INDEX i;
        CREATE INDEX i ON a (x); DROP TABLE a; CREATE TABLE a (x, y); CREATE UNIQUE INDEX i ON a (y); DROP INDEX i;";
    assert!(table(script).keys.is_empty());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(pieces in vec(piece(), 0..30)) {
        let script = pieces.concat();
        let statements: Vec<_> = Statements::new(&script).map(|statement| statement.text).collect();
        let mut rest = &script[..];
        for statement in statements {
            let (_, behind) = rest.split_once(statement).expect("statements come in their order");
            rest = behind;
        }
        let _ = read(script.as_bytes(), Layout::OwnFiles, |_, _, _| true);
    }
}

/// A piece of a script, sensible or not.
fn piece() -> impl Strategy<Value = String> {
    let words = select(vec![
        "CREATE TABLE ",
        "CREATE ",
        "TABLE ",
        "TEMP ",
        "UNIQUE INDEX i ON ",
        "t ",
        "(a INT)",
        "(",
        ")",
        ";",
        "'",
        "\"",
        "`",
        "[",
        "]",
        "--",
        "/*",
        "*/",
        "$$",
        "$a$",
        "E'",
        "\\",
        "\n",
        "\r\n",
        "\n.x\n",
        "\n/\n",
        "GO\n",
        "CHECK (",
        "CONSTRAINT ",
        "REFERENCES t",
        "BEGIN ",
        "END",
        "TRIGGER ",
        "COPY t FROM stdin;",
        "\\.\n",
        "ALTER TABLE t ",
        "ADD COLUMN b ",
        "DROP ",
        "a",
        ",",
        " ",
        "COLLATE x",
        "IN (SELECT 1)",
        "date('now')",
        "CREATE TABLE t (a, b CHECK (a > 0));",
        "CREATE VIRTUAL TABLE v USING f;",
        "\u{feff}",
        "\0",
        "ü",
    ]);
    prop_oneof![9 => words.prop_map(str::to_string), 1 => any::<String>()]
}
