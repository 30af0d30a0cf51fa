//! What holds for any records.

use proptest::prelude::*;

use super::super::value_rules::is_email;
use super::*;
use crate::unicode::is_format;

/// Cells that are often, but not always, what some column wants.
fn cell() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (1..30_i64).prop_map(|id| id.to_string().into_bytes()),
        2 => any::<f64>().prop_map(|number| number.to_string().into_bytes()),
        2 => "[a-c]@[a-c]\\.[a-c]".prop_map(String::into_bytes),
        1 => "[+-]?[0-9]{0,25}".prop_map(String::into_bytes),
        1 => "\\PC{0,6}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ]
}

fn records() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
    prop::collection::vec(prop::collection::vec(cell(), 2..6), 0..30)
}

/// A text as a whole number: `None` if it is not one, and `Some(None)` if it is out of range.
fn whole_number(text: &str) -> Option<Option<i64>> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let magnitude = digits.iter().try_fold(0_u128, |number, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        Some(number.saturating_mul(10).saturating_add(digit.into()))
    });
    let magnitude = magnitude.filter(|_| !digits.is_empty())?;
    let number = i128::try_from(magnitude).unwrap_or(i128::MAX);
    Some(i64::try_from(if negative { -number } else { number }).ok())
}

/// A cell's value, parsed here once more.
fn expected(kind: Kind, bytes: &[u8]) -> Value<'_> {
    let text = str::from_utf8(bytes).unwrap();
    match kind {
        Kind::Integer => Value::Integer(whole_number(text).unwrap().unwrap()),
        Kind::Real => Value::Real(text.parse().unwrap()),
        _ => Value::Text(bytes),
    }
}

proptest! {
    #[test]
    fn every_record_is_accepted_with_the_values_of_its_text_or_rejected_with_a_reason(
        records in records(), table in 0..3_usize, unique in any::<bool>(),
    ) {
        let table = TABLES[table];
        let mut rules = rules(table, unique);
        let rows = rules.check_batch(batch(table, &records), &Existing).unwrap();
        let rejected = &rows.rejected;
        let ids_used = rules.take_used().remove(0);
        prop_assert_eq!(rows.accepted.len() + rejected.len(), records.len());
        for (_, outcome) in rejected {
            prop_assert!(matches!(outcome, Outcome::Skipped(reasons) if !reasons.is_empty()));
        }
        for &position in &rows.accepted {
            let record = rows.record(position);
            let cells = &records[record.line as usize - 2];
            let pairs = table.columns.iter().zip(cells);
            let values: Vec<_> = pairs.map(|(column, cell)| expected(column.kind, cell)).collect();
            prop_assert_eq!(rows.values(position).collect::<Vec<_>>(), values);
            prop_assert_eq!(record.fields().collect::<Vec<_>>(), cells.clone());
            prop_assert!(rejected.iter().all(|(position, _)| *position as u64 + 2 != record.line));
        }
        let numbers = rows.accepted.iter().map(|position| rows.number(*position));
        let mut numbers: Vec<_> = numbers.collect();
        prop_assert!(numbers.iter().all(|id| *id > 0));
        let used: Vec<_> = numbers.iter().copied().map(Some).collect();
        prop_assert_eq!(ids_used.find(&ids(numbers.iter().copied())), used);
        numbers.sort_unstable();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), rows.accepted.len());
    }

    #[test]
    fn whole_numbers_are_parsed_as_the_model_parses_them(
        text in prop_oneof![
            "[+-]?[0-9]{0,25}",
            "[+-]?922337203685477580[0-9]",
            "[+-]?0{0,30}[0-9]{0,19}",
            any::<i64>().prop_map(|number| number.to_string()),
            "[+-]{0,2}[0-9]{0,3}[ .e_x٣１]?[0-9]{0,3}",
            "[^\0]{0,4}",
        ],
    ) {
        let name = "x";
        let mut batch = Batch::new(Header::of(TABLES[0]).into());
        batch.push_fields(2, [&*text, name, "a@b.co"]);
        let rows = rules(TABLES[0], false).check_batch(batch, &Existing).unwrap();
        let parsed = match rows.rejected.first() {
            None => Ok(rows.value(0, 0)),
            Some((_, Outcome::Skipped(reasons))) => match &reasons[0] {
                Reason::NotPositive(..) => Ok(Value::Integer(text.parse().unwrap())),
                reason => Err(reason.clone()),
            },
            Some((_, outcome)) => panic!("{outcome:?}"),
        };
        let expected = match whole_number(&text) {
            Some(Some(number)) => Ok(Value::Integer(number)),
            Some(None) => Err(Reason::OutOfRange("id", text.as_str().into())),
            None if text.chars().all(|c| c.is_whitespace() || is_format(c)) => Err(Reason::Empty("id")),
            None => Err(Reason::WrongKind("id", Kind::Integer, format!("{text:?}").into())),
        };
        prop_assert_eq!(parsed, expected);
    }

    #[test]
    fn an_email_is_valid_exactly_if_it_has_the_form(
        text in prop_oneof!["[a@. é\u{a0}]{0,9}", "[aé@]{0,2}@[a.@]{1,3}\\.[a. @\u{a0}]{1,2}"],
    ) {
        let (spaces, parts): (bool, Vec<_>) =
            (text.contains([' ', '\u{a0}']), text.split('@').collect());
        let labels: Vec<_> = parts.last().unwrap().split('.').collect();
        let form = parts.len() == 2 && !parts[0].is_empty()
            && labels.len() >= 2 && !labels.contains(&"");
        prop_assert_eq!(is_email(text.as_bytes()), form && !spaces);
    }
}
