//! Whatever options say how a file is written, what is stored is what was written, and rejects load again.

use std::fs;
use std::io::Write;

use encoding_rs::Encoding;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::kit::Folder;

/// How products are written.
#[derive(Debug, Clone)]
struct Style {
    delimiter: (&'static str, &'static str),
    encoding: &'static str,
    decimal: char,
    escapes: bool,
    header: bool,
    renamed: bool,
    titles: usize,
    padded: bool,
    extra: bool,
    gzip: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let delimiters = vec![
        (",", ","),
        (";", ";"),
        ("\t", "tab"),
        ("|", "|"),
        ("\u{1}", "\\x01"),
    ];
    let encodings = vec!["utf-8", "windows-1252", "utf-16le", "utf-16be", "gb18030"];
    (
        prop::sample::select(delimiters),
        prop::sample::select(encodings),
        prop::sample::select(vec!['.', ',']),
        prop::array::uniform6(any::<bool>()),
        0..3_usize,
    )
        .prop_map(|(delimiter, encoding, decimal, flags, titles)| {
            let [escapes, header, renamed, padded, extra, gzip] = flags;
            Style {
                delimiter,
                encoding,
                decimal,
                escapes,
                header,
                renamed: renamed && header,
                titles,
                padded,
                extra,
                gzip,
            }
        })
}

impl Style {
    /// The options of a load.
    fn options(&self) -> Vec<String> {
        let mut options = vec![
            format!("--delimiter={}", self.delimiter.1),
            format!("--encoding={}", self.encoding),
            format!("--decimal={}", self.decimal),
            format!("--skip-lines={}", self.titles),
        ];
        let switches = [
            (self.escapes, "--backslash-escapes"),
            (!self.header, "--no-header"),
            (self.renamed, "--column=products.price=Preis, netto"),
            (self.padded, "--trim"),
            (self.extra, "--ignore-extra-columns"),
        ];
        let given = switches.iter().filter(|(given, _)| *given);
        options.extend(given.map(|(_, option)| option.to_string()));
        options
    }

    fn write(&self, rows: &[(String, u32)]) -> Vec<u8> {
        let mut lines = vec!["\"Artikel".to_string(); self.titles];
        if self.header {
            let price = if self.renamed {
                "Preis, netto"
            } else {
                "PRICE"
            };
            lines.push(self.line(["Name", price, "id"]));
        }
        for (id, (name, price)) in (1..).zip(rows) {
            let price = format!("{}{}{:02}", price / 100, self.decimal, price % 100);
            let id = format!("{id}");
            lines.push(if self.header {
                self.line([name, &price, &id])
            } else {
                self.line([&id, name, &price])
            });
        }
        let text = lines.join("\r\n") + "\r\n";
        let bytes = match self.encoding {
            "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            label => {
                let encoding = Encoding::for_label(label.as_bytes()).unwrap();
                encoding.encode(&text).0.into_owned()
            }
        };
        if !self.gzip {
            return bytes;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn line(&self, cells: [&str; 3]) -> String {
        let written = cells.map(|cell| {
            let text = if self.escapes {
                let escaped = cell.replace('\\', "\\\\").replace('"', "\\\"");
                escaped.replace('\n', "\\n")
            } else {
                cell.replace('"', "\"\"")
            };
            let blank = if self.padded { " " } else { "" };
            format!("{blank}\"{text}\"{blank}")
        });
        let surplus = if self.extra { self.delimiter.0 } else { "" };
        written.join(self.delimiter.0) + surplus
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_stored_is_what_was_written_however_it_was_written(
        style in style(),
        rows in prop::collection::vec(("x[a-cé\u{fc}\"\\\\,;|\t\n.N]{0,4}x", prop_oneof![1 => Just(0), 5 => 0..100_000_u32]), 1..20),
    ) {
        let folder = Folder::initialized();
        fs::write(folder.outside().join("export"), style.write(&rows)).unwrap();
        let options = style.options();
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        let arguments = ["--file=products=export", "--rejects=bad"];
        let run = folder.insert(&[&arguments[..], &options].concat());
        prop_assert_eq!(run.status, Some(0), "{}", run.stderr);
        let expected: Vec<_> = (1..).zip(&rows)
            .filter(|(_, (_, price))| *price > 0)
            .map(|(id, (name, price))| format!("{id}|{name}|{:?}", f64::from(*price) / 100.0))
            .collect();
        prop_assert_eq!(folder.rows("products"), expected);

        // What is left are products that cost nothing, as they were.
        let left = rows.len() as u64 - folder.rows("products").len() as u64;
        let dropped = ["--encoding", "--no-header", "--skip-lines"];
        let again = options.iter().copied().filter(|option| !dropped.iter().any(|it| option.starts_with(it)));
        let again: Vec<_> = ["--from=bad"].into_iter().chain(again).collect();
        if left > 0 {
            let rerun = folder.insert(&again);
            prop_assert_eq!(rerun.status, Some(0), "{}", rerun.stderr);
            let reasons = rerun.reasons("products", "skipped");
            prop_assert_eq!(reasons.len() as u64, left);
            let free = |reason: &String| reason.contains("price must be greater than 0, got 0");
            prop_assert!(reasons.iter().all(free), "{:?}", reasons);
        }
    }
}
