//! Guesses how text is encoded that is not UTF-8, by what its words become in each encoding that it may have.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use encoding_rs::Encoding;

/// How many bytes of a text are looked at.
pub const SAMPLE: usize = 8 * 1024;

/// Most encodings that are named, of East Asia and others, and most characters that are shown of a word.
const NAMED_EAST: usize = 4;
const NAMED: usize = 3;
const SHOWN: usize = 20;

/// How much worse than the best an encoding may do to be named too. A character that fits is worth up to 100.
const MARGIN: i64 = 25;

/// An encoding that text may have. Where the text tells nothing, the first one is taken.
#[derive(PartialEq)]
struct Candidate {
    /// A label of the WHATWG standard, or [`DOS`].
    label: &'static str,
    /// What to say behind it.
    remark: &'static str,
    letters: Letters,
    /// What is taken off since such files are rare.
    handicap: i64,
}

/// Which letters texts in an encoding are made of.
#[derive(PartialEq)]
enum Letters {
    /// Those beyond ASCII of one of these languages, mostly.
    Alphabets(&'static [&'static str]),
    /// Those of a script without capitals.
    Script(RangeInclusive<char>),
    /// Those of East Asia.
    Pairs(Pairs),
}

/// Characters of East Asia, of two bytes each.
#[derive(PartialEq)]
struct Pairs {
    /// What the common ones begin with, and what they end with.
    leads: RangeInclusive<u8>,
    trails: RangeInclusive<u8>,
    is_japanese: bool,
}

const LATIN: Letters = Letters::Alphabets(&[
    "äéöüß",
    "àâæçèéêëîïôœùûüÿ",
    "áéíñóúü",
    "àáâãçéêíóôõú",
    "àèéìíîòóùú",
    "àçèéíïòóúü",
    "äåéö",
    "åæéø",
    "áæéíðóöúýþ",
    "èéêëïóöü",
    "äõöüšž",
    "ąćęłńóśźż",
    "áčďéěíňóřšťúůýž",
    "áäčďéíĺľňóôŕšťúýž",
    "áéíóöúüőű",
    "ćčđšž",
    "âîășțşţ",
    "âçîöûüğış",
    "ąčėęįšųūž",
    "āčēģīķļņšūž",
]);
const CYRILLIC: Letters = Letters::Alphabets(&[
    "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "абвгдежзийклмнопрстуфхцчшщьюяєіїґ",
    "абвгдежзиклмнопрстуфхцчшђјљњћџ",
]);
const GREEK: Letters = Letters::Alphabets(&["αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώ"]);
/// The common ones.
const THAI: Letters = Letters::Alphabets(&["กขคงจชซญดตถทธนบปผพฟภมยรลวศสหอะาำัิีึืุูเแโใไ่้็์"]);

/// The label of the encoding of DOS in Western Europe, and the characters of its bytes beyond ASCII. The standard does not
/// have it.
const DOS: &str = "cp850";
const DOS_CHARACTERS: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

const CANDIDATES: [Candidate; 19] = [
    candidate("windows-1252", "", LATIN, 0),
    candidate("windows-1250", " for Central Europe", LATIN, 5),
    candidate("windows-1254", " for Turkish", LATIN, 10),
    candidate("iso-8859-2", "", LATIN, 15),
    candidate("windows-1257", " for the Baltic", LATIN, 35),
    candidate("macintosh", "", LATIN, 25),
    candidate(DOS, " of DOS, which only iconv reads", LATIN, 40),
    candidate("windows-1251", "", CYRILLIC, 0),
    candidate("koi8-r", "", CYRILLIC, 10),
    candidate("ibm866", "", CYRILLIC, 10),
    candidate("windows-1253", "", GREEK, 0),
    candidate("windows-1255", "", Letters::Script('א'..='ת'), 10),
    candidate("windows-1256", "", Letters::Script('ء'..='ي'), 10),
    candidate("windows-874", "", THAI, 25),
    candidate("shift_jis", "", pairs(0x88..=0x98, 0x40..=0xfc, true), 0),
    candidate("gbk", "", pairs(0xb0..=0xd7, 0xa1..=0xfe, false), 10),
    candidate("euc-kr", "", pairs(0xb0..=0xc8, 0xa1..=0xfe, false), 5),
    candidate("euc-jp", "", pairs(0xb0..=0xcf, 0xa1..=0xfe, true), 10),
    candidate("big5", "", pairs(0xa4..=0xc6, 0x40..=0xfe, false), 5),
];

const fn candidate(
    label: &'static str,
    remark: &'static str,
    letters: Letters,
    handicap: i64,
) -> Candidate {
    Candidate {
        label,
        remark,
        letters,
        handicap,
    }
}

const fn pairs(
    leads: RangeInclusive<u8>,
    trails: RangeInclusive<u8>,
    is_japanese: bool,
) -> Letters {
    Letters::Pairs(Pairs {
        leads,
        trails,
        is_japanese,
    })
}

/// Encodings of Windows that must be named for any text in Latin letters: a wrong guess stores rubbish.
const WINDOWS: [&str; 2] = ["windows-1252", "windows-1250"];

/// Marks that stand before letters, marks that stand behind them, and marks with no letter at their side.
const BEFORE: &str = "‘“„‚«‹¿¡°µ§©•";
const BEHIND: &str = "’”“»›®™ªº´…–—";
const APART: &str = "®™€£¥–—…·½¼¾±×°²³";

/// Names the encodings that a text may have of which this is a part, the likeliest first, with what they make of one of its
/// words. To stand behind `name it with --encoding,`.
pub fn likely(sample: &[u8]) -> String {
    let sample = &sample[..sample.len().min(SAMPLE)];
    let mut ranked = ranked(sample);
    let (best, likeliest) = ranked[0];
    if best <= 0 {
        return "such as windows-1252 for Western Europe, windows-1250 for Central Europe, windows-1251 for Cyrillic, \
                shift_jis for Japanese, gbk for Chinese or euc-kr for Korean"
            .to_string();
    }
    let is_required =
        |candidate: &Candidate| likeliest.letters == LATIN && WINDOWS.contains(&candidate.label);
    let required = ranked.iter().filter(|(_, it)| is_required(it)).count();
    let most = match likeliest.letters {
        Letters::Pairs(_) => NAMED_EAST,
        _ => NAMED,
    };
    let mut room = most - required;
    let mut texts: Vec<String> = Vec::new();
    ranked.retain(|(score, candidate)| {
        let text = candidate.decode(sample);
        let is_new = !texts.contains(&text);
        let is_close = *score >= best - MARGIN && is_new && room > 0;
        let is_named = is_required(candidate) || is_close;
        if is_named {
            texts.push(text);
            room -= usize::from(!is_required(candidate));
        }
        is_named
    });
    let named: Vec<_> = ranked.into_iter().map(|(_, candidate)| candidate).collect();
    format!("most likely {}", list(&named, telling_word(sample, &named)))
}

/// Whether a text of which this is a part is most likely in the encoding of this name.
pub fn is_likely(sample: &[u8], name: &str) -> bool {
    let sample = &sample[..sample.len().min(SAMPLE)];
    let (best, likeliest) = ranked(sample)[0];
    let given = Encoding::for_label(name.as_bytes());
    // Several names may stand for what is one encoding in this text.
    let is_same = |given: &'static Encoding| {
        given.decode_without_bom_handling(sample).0 == likeliest.decode(sample)
    };
    best > 0 && given.is_some_and(is_same)
}

/// The encodings with how well a sample fits to each, the best first.
fn ranked(sample: &[u8]) -> Vec<(i64, &'static Candidate)> {
    let scores = CANDIDATES.iter().map(|it| (it.score(sample), it));
    let mut ranked: Vec<_> = scores.collect();
    ranked.sort_by_key(|(score, _)| Reverse(*score));
    ranked
}

/// The first word of a sample that the encodings read differently, as far as they do.
fn telling_word<'a>(sample: &'a [u8], named: &[&Candidate]) -> &'a [u8] {
    // None of these is the second byte of a character.
    let is_between = |byte: &u8| *byte < b'@' && !byte.is_ascii_digit() && !b"'-./&".contains(byte);
    let words = sample.split(is_between).filter(|word| !word.is_ascii());
    let readings = |word: &&[u8]| {
        let mut readings: Vec<_> = named.iter().map(|it| it.decode(word)).collect();
        readings.sort();
        readings.dedup();
        readings.len()
    };
    let word = words.min_by_key(|word| Reverse(readings(word)));
    word.unwrap_or_default()
}

/// Encodings with what a word is in each of them, where that is not what it is in the one before.
fn list(named: &[&Candidate], word: &[u8]) -> String {
    let mut before = String::new();
    let names = named.iter().map(|candidate| {
        let reading = candidate.decode(word);
        let mut name = format!("{}{}", candidate.label, candidate.remark);
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
    let skipped = telling.unwrap_or_default().saturating_sub(SHOWN / 2);
    let mut rest = word.chars().skip(skipped);
    let shown: String = rest.by_ref().take(SHOWN).collect();
    let [before, after] =
        [skipped > 0, rest.next().is_some()].map(|more| if more { "…" } else { "" });
    format!("{before}{shown}{after}")
}

impl Candidate {
    fn decode(&self, bytes: &[u8]) -> String {
        if let Some(encoding) = Encoding::for_label(self.label.as_bytes()) {
            return encoding.decode_without_bom_handling(bytes).0.into_owned();
        }
        let table: Vec<_> = ('\0'..'\u{80}').chain(DOS_CHARACTERS.chars()).collect();
        let character = |byte: &u8| table.get(usize::from(*byte)).copied().unwrap_or('\u{fffd}');
        bytes.iter().map(character).collect()
    }

    /// How well the characters beyond ASCII fit that a text has in this encoding, on average.
    fn score(&self, bytes: &[u8]) -> i64 {
        let text: Vec<_> = self.decode(bytes).chars().collect();
        let (mut points, mut count) = (0, 0);
        let mut letters = Vec::new();
        for (index, character) in text.iter().copied().enumerate() {
            if character.is_ascii() || character == '\u{a0}' {
                continue;
            }
            let before = index.checked_sub(1).map_or(' ', |before| text[before]);
            let after = text.get(index + 1).copied().unwrap_or(' ');
            count += 1;
            points += match (script(character), &self.letters) {
                (Some(_), _) if is_misplaced(before, character, after) => -100,
                (Some(Script::EastAsian), Letters::Pairs(pairs)) => {
                    let is_alone = before.is_ascii() && after.is_ascii();
                    pairs.points(self.label, character) - if is_alone { 50 } else { 0 }
                }
                (Some(_), Letters::Script(range)) if range.contains(&character) => {
                    alphabet_points(before, character, after)
                }
                (Some(_), Letters::Alphabets(_)) => {
                    let small = character.to_lowercase().take(1);
                    letters.extend(small.filter(|small| !small.is_ascii()));
                    alphabet_points(before, character, after)
                }
                (Some(_), _) => -150,
                (None, Letters::Pairs(_)) if is_text(character) => 30,
                (None, _) => mark_points(before, character, after),
            };
        }
        if let Letters::Alphabets(alphabets) = self.letters {
            let foreign = alphabets.iter().map(|all| {
                letters
                    .iter()
                    .filter(|letter| !all.contains(**letter))
                    .count()
            });
            points -= 150 * foreign.min().unwrap_or_default() as i64;
        }
        points / count.max(1) - self.handicap
    }
}

impl Pairs {
    /// How common a character is where this encoding is used.
    fn points(&self, label: &str, character: char) -> i64 {
        let encoding = Encoding::for_label(label.as_bytes());
        let text = character.to_string();
        let bytes = encoding.map(|encoding| encoding.encode(&text).0);
        match (character, bytes.as_deref()) {
            ('\u{3040}'..='\u{30ff}', _) => 130 * i64::from(self.is_japanese),
            ('\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff60}', _) => 60,
            ('\u{ff61}'..='\u{ff9f}', _) => 30,
            (_, Some([lead, trail]))
                if self.leads.contains(lead) && self.trails.contains(trail) =>
            {
                100
            }
            _ => -30,
        }
    }
}

/// What writing system a letter belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Hebrew,
    Arabic,
    Thai,
    EastAsian,
}

/// The script of a letter; `None` of what is no letter.
fn script(character: char) -> Option<Script> {
    match character {
        '×' | '÷' => None,
        'A'..='Z' | 'a'..='z' | 'À'..='\u{24f}' => Some(Script::Latin),
        '\u{370}'..='\u{3ff}' => Some(Script::Greek),
        '\u{400}'..='\u{52f}' => Some(Script::Cyrillic),
        '\u{590}'..='\u{5ff}' => Some(Script::Hebrew),
        '\u{600}'..='\u{6ff}' => Some(Script::Arabic),
        '\u{e00}'..='\u{e7f}' => Some(Script::Thai),
        '\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' => {
            Some(Script::EastAsian)
        }
        '\u{ff00}'..='\u{ffef}' => Some(Script::EastAsian),
        _ => None,
    }
}

/// Whether a letter does not fit to those beside it: they are of another script, or it is a capital behind a small one.
fn is_misplaced(before: char, letter: char, after: char) -> bool {
    let own = script(letter);
    let is_foreign = |other: char| match own {
        // As in "A型".
        Some(Script::EastAsian) => other.is_ascii_lowercase(),
        // The second byte of a character of two bytes may look like such a sign.
        _ => "\\^`{}~@".contains(other) || script(other).is_some_and(|script| Some(script) != own),
    };
    is_foreign(before)
        || is_foreign(after)
        || before.is_lowercase() && letter.is_uppercase()
        || letter.is_lowercase() && after.is_uppercase()
}

/// How well a letter of an alphabet fits that is not misplaced. In Latin, most letters beyond ASCII stand among others.
fn alphabet_points(before: char, letter: char, after: char) -> i64 {
    let is_beyond = |other: char| !other.is_ascii() && script(other).is_some();
    let is_latin = script(letter) == Some(Script::Latin);
    let is_alone = script(before).is_none() && script(after).is_none();
    if is_alone || is_latin && is_beyond(before) && is_beyond(after) {
        20
    } else {
        100
    }
}

/// Whether a character may be part of a text at all.
fn is_text(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{fffd}' | '\u{e000}'..='\u{f8ff}')
}

/// How well a character fits that is no letter.
fn mark_points(before: char, mark: char, after: char) -> i64 {
    let is_letter = |other: char| script(other).is_some();
    let fits = BEFORE.contains(mark) && !is_letter(before)
        || BEHIND.contains(mark) && before != ' ' && !is_letter(after)
        || APART.contains(mark) && !is_letter(before) && !is_letter(after)
        || mark == '’' && is_letter(before)
        || matches!(mark, '²' | '³') && before == 'm' && !is_letter(after);
    match (fits, is_text(mark)) {
        (true, _) => 90,
        (_, true) => -100,
        (_, false) => -200,
    }
}

#[cfg(test)]
mod tests;
