//! Guesses how text is encoded that is not UTF-8, and shows what its words become then.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1250, WINDOWS_1252};

/// How many bytes of a text are looked at.
pub const SAMPLE: usize = 8 * 1024;

/// The maximum number of characters that are shown of a word.
const MAX_SHOWN: usize = 20;

/// Encodings of Latin letters, which short texts do not tell apart.
const LATIN: [&str; 8] = [
    "windows-1252",
    "windows-1250",
    "windows-1254",
    "windows-1257",
    "windows-1258",
    "ISO-8859-2",
    "ISO-8859-4",
    "ISO-8859-13",
];

/// Names the encodings that a text may have of which this is a part, the likeliest first, with what they make of one of its
/// words. To follow `name it with --encoding,`.
pub fn likely(sample: &[u8]) -> String {
    let sample = &sample[..sample.len().min(SAMPLE)];
    let mut named = vec![guess(sample)];
    if LATIN.contains(&named[0].name()) {
        // A wrong guess would store rubbish, so people must see what others make of it. The letters of a Mac are below 0xa0.
        let count = |from: u8, to: u8| {
            sample
                .iter()
                .filter(|byte| (from..=to).contains(byte))
                .count()
        };
        let may_be_mac = count(0x80, 0x9f) > count(0xa0, 0xff);
        let mac = Some(MACINTOSH).filter(|_| may_be_mac);
        for other in [WINDOWS_1252, WINDOWS_1250].into_iter().chain(mac) {
            if !named.contains(&other) {
                named.push(other);
            }
        }
    }
    format!("most likely {}", list(&named, telling_word(sample, &named)))
}

/// Whether a text of which this is a part is most likely in the encoding of this name.
pub fn is_likely(sample: &[u8], name: &str) -> bool {
    let sample = &sample[..sample.len().min(SAMPLE)];
    let guessed = guess(sample);
    let given = Encoding::for_label(name.as_bytes());
    // Several names may stand for what is one encoding in this text.
    given.is_some_and(|given| decode(given, sample) == decode(guessed, sample))
}

fn guess(sample: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    detector.guess(None, Utf8Detection::Deny)
}

fn decode(encoding: &'static Encoding, bytes: &[u8]) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// The first of the words beyond ASCII that most of these encodings read differently.
fn telling_word<'a>(sample: &'a [u8], named: &[&'static Encoding]) -> &'a [u8] {
    // None of these is the second byte of a character.
    let is_between = |byte: &u8| *byte < b'@' && !byte.is_ascii_digit() && !b"'-./&".contains(byte);
    let words = sample.split(is_between).filter(|word| !word.is_ascii());
    let readings = |word: &&[u8]| {
        let mut readings: Vec<_> = named
            .iter()
            .map(|encoding| decode(encoding, word))
            .collect();
        readings.sort();
        readings.dedup();
        readings.len()
    };
    let word = words.min_by_key(|word| std::cmp::Reverse(readings(word)));
    word.unwrap_or_default()
}

/// Lists encodings, each with what a word is in it unless that is the same as in the one before.
fn list(named: &[&'static Encoding], word: &[u8]) -> String {
    let mut before = String::new();
    let names = named.iter().map(|encoding| {
        let mut name = encoding.name().to_ascii_lowercase();
        if *encoding == WINDOWS_1250 {
            name += " for Central Europe";
        }
        let reading = decode(encoding, word);
        if reading != before {
            name += &format!(" ({})", shown(&reading));
        }
        before = reading;
        name
    });
    let names: Vec<_> = names.collect();
    match names.split_last() {
        Some((last, others @ [_, ..])) => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// The part of a word that has characters beyond ASCII, as far as people would read it.
fn shown(word: &str) -> String {
    let telling = word.chars().position(|character| !character.is_ascii());
    let skipped = telling.unwrap_or_default().saturating_sub(MAX_SHOWN / 2);
    let mut rest = word.chars().skip(skipped);
    let shown: String = rest.by_ref().take(MAX_SHOWN).collect();
    let [before, after] =
        [skipped > 0, rest.next().is_some()].map(|more| if more { "…" } else { "" });
    format!("{before}{shown}{after}")
}

#[cfg(test)]
mod tests;
