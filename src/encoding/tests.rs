use super::*;

/// What is said of a text in this encoding.
fn guess(label: &str, text: &str) -> String {
    let encoding = Encoding::for_label(label.as_bytes()).unwrap();
    let (bytes, _, has_lost) = encoding.encode(text);
    assert!(!has_lost, "{label} has no {text:?}");
    likely(&bytes)
}

#[track_caller]
fn first_is(label: &str, texts: &[(&str, &str)]) {
    for (text, word) in texts {
        let said = guess(label, text);
        let remark = CANDIDATES
            .iter()
            .find(|it| it.label == label)
            .unwrap()
            .remark;
        let expected = format!("most likely {label}{remark} ({word})");
        assert!(said.starts_with(&expected), "{text}: {said}");
    }
}

#[test]
fn texts_of_western_europe_are_told_by_their_letters_and_their_quotes() {
    let texts = [
        (
            "1;Käse – 1 €;2,50\n2;Öl – 2 €;3,00\n3;Brot’s;1,00\n",
            "Käse",
        ),
        ("5 €", "€"),
        ("Brot’s", "Brot’s"),
        ("O’Neil", "O’Neil"),
        ("“Hello” – it’s fine…", "“Hello”"),
        ("Zoë", "Zoë"),
        ("Köln", "Köln"),
        ("Temp [°C]", "[°C]"),
        ("12 m²\n5 µg\n20 °C ±2\n", "m²"),
        ("Müller GmbH\nStraße\nGröße\nÜbung\n", "Müller"),
        ("MÜNCHEN\nKÖLN\nDÜSSELDORF", "MÜNCHEN"),
        ("José Núñez\nPeña\nMaría\n", "Núñez"),
        ("João\nConceição\nSão Paulo", "João"),
        ("Hélène\nçà et là\nà Paris\nl’œuvre\n", "Hélène"),
        ("Bjørn Sørensen\nHåkon\nÅse\nKjær\n", "Bjørn"),
        ("Þórður\nGuðrún\nÆsa\n", "Þórður"),
    ];
    first_is("windows-1252", &texts);
    for (text, _) in texts {
        let said = guess("windows-1252", text);
        assert!(said.contains("windows-1250 for Central Europe"), "{said}");
    }
}

#[test]
fn texts_of_central_europe_are_told_and_windows_1252_is_named_with_what_it_makes_of_them() {
    let names = "Łukasz Dąbrowski\nŻaneta Wiśniewska\nMichał Wójcik\nŁódź\n";
    let texts = [
        (names, "Łukasz"),
        ("Jiří Dvořák\nTomáš Černý\n", "Jiří"),
        ("Erdős Pál\nGyőr\nFüzesgyarmat\n", "Erdős"),
        ("Đorđe Petrović\nŽeljko\n", "Đorđe"),
    ];
    first_is("windows-1250", &texts);
    let said = guess("windows-1250", names);
    assert_eq!(
        said,
        "most likely windows-1250 for Central Europe (Łukasz) or windows-1252 (£ukasz)"
    );
    let texts = [
        (names, "Łódź"),
        ("Jiří Dvořák\nTomáš Černý\nŽižkov\n", "Tomáš"),
    ];
    first_is("iso-8859-2", &texts);
    for label in ["windows-1250", "iso-8859-2"] {
        for (text, _) in texts {
            let said = guess(label, text);
            assert!(said.contains("windows-1252"), "{said}");
            assert!(said.contains("windows-1250 for Central Europe"), "{said}");
        }
    }
}

#[test]
fn other_texts_in_latin_letters_are_told_and_windows_1252_is_named_too() {
    let turkish = "Ayşe Yılmaz\nGöğüş\nİzmir\n";
    let baltic = "Žukauskas\nŠiauliai\nKėdainių\nRīga\n";
    let mac = "Müller\nKöln\nRené\nFrançois\n";
    first_is("windows-1254", &[(turkish, "Ayşe")]);
    first_is("windows-1257", &[(baltic, "Žukauskas")]);
    first_is("macintosh", &[(mac, "Müller"), ("Zoë", "Zoë")]);
    let dos = likely(b"K\x84se\nM\x81ller\nStra\xe1e\nRen\x82\n");
    let expected = "most likely cp850 of DOS, which only iconv reads (Käse), ";
    assert!(dos.starts_with(expected), "{dos}");
    let others = [
        guess("windows-1254", turkish),
        guess("windows-1257", baltic),
        guess("macintosh", mac),
        dos,
    ];
    for said in others {
        assert!(said.contains("windows-1252"), "{said}");
        assert!(said.contains("windows-1250 for Central Europe"), "{said}");
    }
}

#[test]
fn texts_in_other_alphabets_are_told() {
    let russian = "Иван Петров\nМосква\n";
    first_is(
        "windows-1251",
        &[
            (russian, "Иван"),
            ("Иван", "Иван"),
            ("иван", "иван"),
            ("ИВАН ПЕТРОВ\nсклад № 5\n", "ИВАН"),
        ],
    );
    first_is("koi8-r", &[(russian, "Иван")]);
    first_is("ibm866", &[(russian, "Иван")]);
    let greek = "Αθήνα\nΓιώργος Παπαδόπουλος\n";
    first_is("windows-1253", &[(greek, "Αθήνα")]);
    first_is("windows-1256", &[("محمد علي\nالقاهرة\n", "محمد")]);
    first_is("windows-874", &[("กรุงเทพ\nสมชาย\n", "กรุงเทพ")]);
    // In small letters, Hebrew may be Russian.
    let hebrew = guess("windows-1255", "שלום\nתל אביב\n");
    assert!(hebrew.contains("windows-1255 (שלום)"), "{hebrew}");
}

#[test]
fn texts_of_east_asia_are_told() {
    first_is(
        "shift_jis",
        &[
            ("田中太郎", "田中太郎"),
            ("ソフト表", "ソフト表"),
            ("東京都千代田区\n株式会社トヨタ\nさくら\n", "東京都千代田区"),
        ],
    );
    first_is("euc-jp", &[("田中太郎\n東京都\nさくら\n", "田中太郎")]);
    first_is("gbk", &[("张伟", "张伟"), ("张伟\n北京市朝阳区\n", "张伟")]);
    first_is("big5", &[("王小明\n台北市信義區\n陳美麗\n", "王小明")]);
    first_is(
        "euc-kr",
        &[("김철수", "김철수"), ("김철수\n서울특별시\n", "김철수")],
    );
    // A few common characters may be of several languages.
    let japanese = guess("euc-jp", "田中太郎");
    assert!(japanese.contains("euc-jp (田中太郎)"), "{japanese}");
}

#[test]
fn what_fits_to_nothing_is_not_guessed_and_a_long_word_is_cut() {
    let all: Vec<u8> = (0..=255).collect();
    assert!(!likely(&all).is_empty());
    assert!(!likely(&[0x81; 3 * SAMPLE]).is_empty());
    for sample in [&b""[..], b"ascii only"] {
        let said = likely(sample);
        assert!(said.starts_with("such as windows-1252 "), "{said}");
        assert!(!is_likely(sample, "windows-1252"));
    }
    let long = format!("most likely windows-1251 ({}…)", "да".repeat(SHOWN / 2));
    let said = guess("windows-1251", &"да".repeat(100));
    assert!(said.starts_with(&long), "{said}");
    first_is(
        "windows-1252",
        &[(
            &format!("{}ö{}", "x".repeat(99), "y".repeat(9)),
            "…xxxxxxxxxxöyyyyyyyyy",
        )],
    );
}

#[test]
fn an_encoding_is_likely_by_any_of_its_names() {
    let chinese = encoding_rs::GBK.encode("张伟").0;
    assert!(is_likely(&chinese, "GBK"));
    assert!(is_likely(&chinese, "gb18030"));
    assert!(!is_likely(&chinese, "Big5"));
    assert!(!is_likely(b"K\xf6ln", "GBK"));
}
