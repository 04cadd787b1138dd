//! What Python 3.11 answers, as tables.

use super::*;

/// What `json.dumps(json.loads(text))` gives, or the error.
fn round_trip(text: &str) -> String {
    match loads(&Text::from(text)) {
        Ok(value) => dumps(&value).as_str().expect("ASCII").to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn json_is_read_and_written_as_python_does() {
    let rows = [
        (r#" { "b" : [ 1 , 2.50 ] , "a" : null } "#, r#"{"b": [1, 2.5], "a": null}"#),
        (r#"{"a": 1, "b": 2, "a": 3, "b": 4, "a": 5}"#, r#"{"a": 5, "b": 4}"#),
        ("[NaN, Infinity, -Infinity, 1E400, -1e400]", "[NaN, Infinity, -Infinity, Infinity, -Infinity]"),
        ("[-0, -0.0, 1e5, 1E-7, 12345678901234567890123]", "[0, -0.0, 100000.0, 1e-07, 12345678901234567890123]"),
        (r#""\ud83c\udf89 \ud83c \u00fc\/ \ud800\ud83c\udf89""#, r#""\ud83c\udf89 \ud83c \u00fc/ \ud800\ud83c\udf89""#),
        ("\"\u{7f}\u{2028}\u{fc}\u{1f389}\"", r#""\u007f\u2028\u00fc\ud83c\udf89""#),
        (r#"["\b\f\n\r\t\"\\"]"#, r#"["\b\f\n\r\t\"\\"]"#),
        ("\"a\tb\"", "Syntax"),
        ("\u{feff}1", "Syntax"),
        ("\u{a0}1", "Syntax"),
        ("[1,]", "Syntax"),
        (r#"{"a":1,}"#, "Syntax"),
        ("{a:1}", "Syntax"),
        ("01", "Syntax"),
        ("1.", "Syntax"),
        (".5", "Syntax"),
        ("+1", "Syntax"),
        ("-", "Syntax"),
        ("1e", "Syntax"),
        ("1 2", "Syntax"),
        ("nul", "Syntax"),
        (r#""\x""#, "Syntax"),
        (r#""\u12g4""#, "Syntax"),
        (r#""\ud83c\u12""#, "Syntax"),
        ("\"", "Syntax"),
        ("", "Syntax"),
    ];
    for (text, wanted) in rows {
        assert_eq!(round_trip(text), wanted, "{text}");
    }
}

#[test]
fn json_has_limits() {
    assert_eq!(round_trip(&"9".repeat(DIGIT_LIMIT)), "9".repeat(DIGIT_LIMIT));
    assert_eq!(round_trip(&"9".repeat(DIGIT_LIMIT + 1)), "NumberTooLong");
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(round_trip(&nested(DEPTH_LIMIT)), nested(DEPTH_LIMIT));
    assert_eq!(round_trip(&nested(DEPTH_LIMIT + 1)), "TooDeep");
    assert_eq!(round_trip(&"{\"a\":".repeat(1_000_000)), "TooDeep");
}

#[test]
fn json_has_three_layouts() {
    let value = loads(&Text::from(r#"{"b": [1, []], "a": {}}"#)).expect("JSON");
    assert_eq!(dumps_canonical(&value).as_str(), Some(r#"{"a":{},"b":[1,[]]}"#));
    assert_eq!(dumps_indented(&value).as_str(), Some("{\n  \"b\": [\n    1,\n    []\n  ],\n  \"a\": {}\n}"));
}

#[test]
#[expect(clippy::excessive_precision, reason = "the digit too many is the case")]
fn floats_print_as_repr() {
    let rows = [
        (0.0, "0.0"),
        (100.0, "100.0"),
        (0.1, "0.1"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (0.000_123_45, "0.00012345"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        // Halfway between two shortest texts: Python takes the even one.
        (877_124_620_100_269.25, "877124620100269.2"),
        (948_469_164_581_257.25, "948469164581257.2"),
        (9_007_199_254_740_993.0, "9007199254740992.0"),
    ];
    for (number, wanted) in rows {
        assert_eq!(*float_repr(number), wanted);
        assert_eq!(*float_repr(-number), format!("-{wanted}"));
    }
}

#[test]
fn integers_are_made_as_int_does() {
    let rows = [
        ("80", Some("80")),
        (" +0_8_0\n", Some("80")),
        ("-007", Some("-7")),
        ("-0", Some("0")),
        ("\u{668}\u{660}", Some("80")),
        ("\u{3000}8\u{85}", Some("8")),
        ("\u{1d7d7}", Some("9")),
        ("\u{1c}8", None),
        ("8_", None),
        ("8__0", None),
        ("_8", None),
        ("+ 8", None),
        ("80.0", None),
        ("0x50", None),
        ("", None),
        ("\u{b2}", None),
    ];
    for (text, wanted) in rows {
        let got = Integer::parse(&Text::from(text)).map(|number| number.decimal().to_string());
        assert_eq!(got.as_deref(), wanted, "{text}");
    }
    assert!(Integer::parse(&Text::from("0".repeat(DIGIT_LIMIT + 1).as_str())).is_none());
    let truncated = |number| Integer::truncate(number).map(|number| number.decimal().to_string());
    assert_eq!(truncated(80.9).as_deref(), Some("80"));
    assert_eq!(truncated(-0.9).as_deref(), Some("0"));
    assert_eq!(truncated(1e22).as_deref(), Some("10000000000000000000000"));
    assert_eq!(truncated(f64::NAN), None);
    assert_eq!(Integer::from(i64::MIN).to_i64(), Some(i64::MIN));
}

#[test]
fn percent_encoding_goes_both_ways() {
    let quoted = |text: &str, blank| quote(&Text::from(text), blank).map(|text| text.as_str().map(str::to_owned));
    assert_eq!(quoted("aZ9_.-~ +/ü", Blank::Percent), Ok(Some("aZ9_.-~%20%2B%2F%C3%BC".to_owned())));
    assert_eq!(quoted("a b+", Blank::Plus), Ok(Some("a+b%2B".to_owned())));
    let surrogate = loads(&Text::from(r#""\ud800""#)).expect("JSON");
    assert!(quote(surrogate.as_text().expect("a text"), Blank::Plus).is_err());
    let rows = [
        ("%41%zz%4", "A%zz%4"),
        ("%c3%BC", "ü"),
        ("%C3é%BC", "\u{fffd}é\u{fffd}"),
        ("%ED%A0%80", "\u{fffd}\u{fffd}\u{fffd}"),
        ("%F0%9F%98", "\u{fffd}"),
        ("%F0%80%80%41", "\u{fffd}\u{fffd}\u{fffd}A"),
        ("a+b", "a+b"),
    ];
    for (text, wanted) in rows {
        assert_eq!(unquote(text.as_bytes()).as_str(), Some(wanted), "{text}");
    }
}

#[test]
fn texts_behave_as_str() {
    assert_eq!(strip("\u{85}\u{1c} a b\u{3000}\n".as_bytes()), b"a b");
    assert_eq!(strip("\u{feff}a".as_bytes()), "\u{feff}a".as_bytes());
    assert_eq!(strip(" \n".as_bytes()), b"");
    assert_eq!(drop_first("é/".as_bytes()), b"/");
    assert_eq!(Text::from("ΑΣ İ").lower().as_str(), Some("ας i\u{307}"));
    let mixed = loads(&Text::from(r#""\udc00A\ud800 ""#)).expect("JSON");
    let mixed = mixed.as_text().expect("a text");
    assert_eq!(mixed.code_points().collect::<Vec<_>>(), [0xdc00, 0x41, 0xd800, 0x20]);
    assert_eq!(mixed.lower().code_points().collect::<Vec<_>>(), [0xdc00, 0x61, 0xd800, 0x20]);
    assert_eq!((mixed.as_str(), mixed.to_secret()), (None, None));
    assert_eq!(format!("{mixed:?} {:?}", Value::from("canary")), "Text(redacted) str(redacted)");
}
