//! What holds for any text.

use proptest::prelude::*;

use super::*;

/// A field's bytes, among them all that CSV gives a meaning to.
fn field() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(&b",\"\r\n"[..]),
        2 => prop::sample::select(&b"ab \0\xff\xef\xbb\xbf"[..]),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..6)
}

/// Writes a field in quotes, if it needs them or if it should have them.
fn quote(field: &[u8], always: bool) -> Vec<u8> {
    if !always && !field.iter().any(|byte| b",\"\r\n".contains(byte)) {
        return field.to_vec();
    }
    let doubled = field.iter().flat_map(|byte| match byte {
        b'"' => vec![b'"', b'"'],
        byte => vec![*byte],
    });
    [b'"'].into_iter().chain(doubled).chain([b'"']).collect()
}

/// The line that comes after this text: `\n`, `\r\n` and `\r` each end one.
fn line_after(text: &[u8]) -> u64 {
    let feeds = text.iter().filter(|byte| **byte == b'\n').count();
    let returns = text.iter().filter(|byte| **byte == b'\r').count();
    let pairs = text.windows(2).filter(|pair| *pair == b"\r\n").count();
    (1 + feeds + returns - pairs) as u64
}

proptest! {
    #[test]
    fn what_is_written_is_read_with_its_lines_for_every_size_of_the_buffer(
        records in prop::collection::vec(
            (prop::collection::vec((field(), any::<bool>()), 2..5), "(\n|\r\n|\r)(\n|\r){0,2}"),
            0..8,
        ),
        start in "\u{feff}?(\n|\r){0,3}",
        ended in any::<bool>(),
    ) {
        let mut text = start.into_bytes();
        text.extend_from_slice(b"id,name,email\n");
        let mut expected = Vec::new();
        for (place, (fields, line_end)) in records.iter().enumerate() {
            let quoted: Vec<_> = fields.iter().map(|(field, always)| quote(field, *always)).collect();
            let fields: Vec<_> = fields.iter().map(|(field, _)| field.clone()).collect();
            expected.push((line_after(&text), fields));
            text.extend(quoted.join(&b','));
            if ended || place + 1 < records.len() {
                text.extend_from_slice(line_end.as_bytes());
            }
        }
        for buffer in (1..20).chain([8192]) {
            let read = read(&text, buffer);
            prop_assert_eq!(read.as_ref(), Ok(&expected), "with a buffer of {}", buffer);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic_and_alike_for_every_size_of_the_buffer(
        start in prop::sample::select(&["", "\u{feff}", "id,name,email\n", "\nreason,name,id,email\r"][..]),
        rest in prop::collection::vec(field(), 0..20),
    ) {
        let text = [start.as_bytes(), &rest.concat()].concat();
        let whole = read(&text, 8192);
        for buffer in 1..10 {
            prop_assert_eq!(&read(&text, buffer), &whole, "with a buffer of {}", buffer);
        }
        let lines: Vec<_> = whole.iter().flatten().map(|(line, _)| *line).collect();
        prop_assert!(lines.is_sorted_by(|one, next| one < next));
    }
}
