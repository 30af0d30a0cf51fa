use super::*;

/// What is said of a text in this encoding.
fn said(label: &str, text: &str) -> String {
    let encoding = Encoding::for_label(label.as_bytes()).unwrap();
    let (bytes, _, has_lost) = encoding.encode(text);
    assert!(!has_lost, "{label} has no {text:?}");
    likely(&bytes)
}

#[test]
fn the_likeliest_encoding_comes_first_with_a_word_in_it() {
    for (label, text, word) in [
        (
            "windows-1252",
            "1;K\u{e4}se \u{2013} 1 \u{20ac}\n3;Brot\u{2019}s\n",
            "K\u{e4}se",
        ),
        ("windows-1252", "5 \u{20ac}", "\u{20ac}"),
        ("windows-1252", "Zo\u{eb}", "Zo\u{eb}"),
        (
            "windows-1254",
            "Ay\u{15f}e Y\u{131}lmaz\n\u{130}zmir\n",
            "Ay\u{15f}e",
        ),
        ("windows-1251", "Иван Петров\nМосква\n", "Иван"),
        ("ibm866", "Иван Петров\nМосква\n", "Иван"),
        ("windows-1253", "Γιώργος\nΑθήνα\n", "Γιώργος"),
        ("windows-1255", "שלום\nתל אביב\n", "שלום"),
        ("windows-1256", "محمد علي\n", "محمد"),
        ("shift_jis", "田中太郎", "田中太郎"),
        ("euc-jp", "田中太郎\n東京都\n", "田中太郎"),
        ("gbk", "张伟\n北京市\n", "张伟"),
        ("big5", "王小明\n台北市\n", "王小明"),
        ("euc-kr", "김철수\n서울\n", "김철수"),
    ] {
        let said = said(label, text);
        let start = format!("most likely {label} ({word})");
        assert!(said.starts_with(&start), "{said}");
    }
}

#[test]
fn windows_encodings_are_named_for_any_latin_text_with_what_they_make_of_it() {
    let german = "most likely windows-1252 (K\u{f6}ln) or windows-1250 for Central Europe";
    assert_eq!(said("windows-1252", "K\u{f6}ln"), german);
    let polish =
        "most likely windows-1250 for Central Europe (\u{141}ukasz) or windows-1252 (\u{a3}ukasz)";
    assert_eq!(said("windows-1250", "\u{141}ukasz \u{17b}ak"), polish);
    let turkish = said("windows-1254", "Ay\u{15f}e Y\u{131}lmaz\n\u{130}zmir\n");
    assert!(turkish.contains("windows-1252 (Ay\u{fe}e)"), "{turkish}");
}

#[test]
fn an_old_mac_is_named_where_most_letters_may_be_its_own() {
    let mac = said("macintosh", "M\u{fc}ller\nK\u{f6}ln\n");
    assert!(mac.ends_with(" or macintosh (M\u{fc}ller)"), "{mac}");
    let other = said("windows-1252", "M\u{fc}ller \u{2013} K\u{f6}ln\n");
    assert!(!other.contains("macintosh"), "{other}");
}

#[test]
fn any_bytes_have_an_answer_and_long_words_are_cut() {
    let all: Vec<u8> = (0..=255).collect();
    for sample in [&b""[..], b"ascii only", &all, &[0x81; 3 * SAMPLE]] {
        assert!(likely(sample).starts_with("most likely "));
    }
    let word = format!("{}\u{f6}{}", "x".repeat(99), "y".repeat(99));
    let said = said("windows-1252", &word);
    assert!(said.contains(" (…xxxxxxxxxx\u{f6}yyyyyyyyy…)"), "{said}");
}

#[test]
fn an_encoding_is_likely_by_any_of_its_names() {
    let chinese = encoding_rs::GBK.encode("张伟").0;
    assert!(is_likely(&chinese, "GBK"));
    assert!(is_likely(&chinese, "gb18030"));
    assert!(!is_likely(&chinese, "Big5"));
    assert!(!is_likely(b"K\xf6ln", "GBK"));
}
