//! What PyYAML's `safe_load` takes a scalar for: the types of YAML 1.1, by PyYAML's own patterns.

use crate::model::python::{Integer, Text, Value};

/// What a scalar is.
#[derive(Debug)]
pub enum Scalar {
    /// A value that JSON has too.
    Value(Value),
    /// `<<`, which merges a mapping into the one it stands in.
    Merge,
    /// `=`, which PyYAML knows and cannot read, but as a key.
    Equals,
    /// Something that no JSON can spell; said in words.
    Other(&'static str),
}

/// Reads a scalar without a tag.
pub fn plain(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Value(Value::Null),
        "<<" => Scalar::Merge,
        "=" => Scalar::Equals,
        _ if bool_value(text).is_some_and(|_| is_bool(text)) => {
            bool_value(text).map_or(Scalar::Other("a boolean"), |value| Scalar::Value(Value::Bool(value)))
        }
        _ if is_float(text) => float(text),
        _ if is_int(text) => int(text),
        _ if is_timestamp(text) => Scalar::Other("a date"),
        _ => Scalar::Value(Value::from(text)),
    }
}

/// Reads a scalar under one of YAML's own tags, given without its prefix; quoted or not makes no difference then.
pub fn tagged(tag: &str, text: &str) -> Scalar {
    match tag {
        "str" => Scalar::Value(Value::from(text)),
        "null" => Scalar::Value(Value::Null),
        "bool" => bool_value(text).map_or(Scalar::Other("no boolean"), |value| Scalar::Value(Value::Bool(value))),
        "int" => int(text),
        "float" => float(text),
        "timestamp" => Scalar::Other("a date"),
        "binary" => Scalar::Other("bytes"),
        "merge" => Scalar::Merge,
        "value" => Scalar::Equals,
        _ => Scalar::Other("of a type that Airflow does not read"),
    }
}

fn bool_value(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "on" => Some(true),
        "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// Untagged, a word is a boolean in lower case, in capitals, or with a capital first.
fn is_bool(text: &str) -> bool {
    let rest = text.get(1..).unwrap_or_default();
    rest == rest.to_lowercase() || text == text.to_uppercase()
}

/// Takes the sign off.
fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn all(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(|byte| allowed(byte) || byte == b'_')
}

/// `[0-9][0-9_]*`
fn is_digits(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && all(text, |byte| byte.is_ascii_digit())
}

/// `(?::[0-5]?[0-9])+`, behind the first colon.
fn is_sixties(text: &str) -> bool {
    let part = |part: &str| match part.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
        _ => false,
    };
    text.split(':').all(part)
}

fn is_int(text: &str) -> bool {
    let text = unsigned(text);
    if let Some((first, rest)) = text.split_once(':') {
        return is_digits(first) && !first.starts_with('0') && is_sixties(rest);
    }
    match text.as_bytes() {
        [b'0', b'b', _, ..] => all(&text[2..], |byte| matches!(byte, b'0' | b'1')),
        [b'0', b'x', _, ..] => all(&text[2..], |byte| byte.is_ascii_hexdigit()),
        [b'0', _, ..] => all(&text[1..], |byte| matches!(byte, b'0'..=b'7')),
        _ => is_digits(text),
    }
}

fn is_float(text: &str) -> bool {
    let number = unsigned(text);
    if matches!(number, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = number.split_once(['e', 'E']).map_or((number, None), |(a, b)| (a, Some(b)));
    let Some((whole, fraction)) = mantissa.split_once('.') else { return false };
    let has_exponent = exponent.is_none_or(|exponent| {
        let digits = unsigned(exponent);
        digits.len() + 1 == exponent.len() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    if let Some((first, rest)) = whole.split_once(':') {
        return exponent.is_none()
            && is_digits(first)
            && is_sixties(rest)
            && all(fraction, |byte| byte.is_ascii_digit());
    }
    let is_number = match whole {
        "" => text.starts_with('.') && is_digits(fraction),
        _ => is_digits(whole) && all(fraction, |byte| byte.is_ascii_digit()),
    };
    is_number && has_exponent
}

/// `construct_yaml_int`: octal behind a 0, sixties between colons.
fn int(text: &str) -> Scalar {
    let text = text.replace('_', "");
    let number = unsigned(&text);
    let negative = text.starts_with('-');
    let of_base = |digits: &str, base| u128::from_str_radix(digits, base).ok().map(|number| number.to_string());
    let decimal = match number.as_bytes() {
        [b'0', b'b', ..] => of_base(&number[2..], 2),
        [b'0', b'x', ..] => of_base(&number[2..], 16),
        [b'0', _, ..] => of_base(number, 8),
        _ if number.contains(':') => sixties(number).map(|number| number.to_string()),
        _ => Some(number.to_owned()),
    };
    let sign = if negative { "-" } else { "" };
    let whole = decimal.and_then(|digits| Integer::parse(&Text::from(format!("{sign}{digits}").as_str())));
    whole.map_or(Scalar::Other("a number that cannot be read"), |number| Scalar::Value(Value::Integer(number)))
}

fn sixties(text: &str) -> Option<u64> {
    text.split(':').try_fold(0_u64, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))
}

/// `construct_yaml_float`
fn float(text: &str) -> Scalar {
    let text = text.replace('_', "").to_lowercase();
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let number = match unsigned(&text) {
        ".inf" => Some(f64::INFINITY),
        ".nan" => Some(f64::NAN),
        number if number.contains(':') => {
            number.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))
        }
        number => number.parse().ok(),
    };
    number.map_or(Scalar::Other("a number that cannot be read"), |number| Scalar::Value(Value::Float(sign * number)))
}

/// A day alone, or a day and a time.
fn is_timestamp(text: &str) -> bool {
    let mut rest = Pattern(text);
    if rest.digits(4, 4)
        && rest.one(b"-")
        && rest.digits(2, 2)
        && rest.one(b"-")
        && rest.digits(2, 2)
        && rest.0.is_empty()
    {
        return true;
    }
    let mut rest = Pattern(text);
    let day = rest.digits(4, 4) && rest.one(b"-") && rest.digits(1, 2) && rest.one(b"-") && rest.digits(1, 2);
    let parted = day && (rest.one(b"Tt") || rest.blanks() > 0);
    let time =
        parted && rest.digits(1, 2) && rest.one(b":") && rest.digits(2, 2) && rest.one(b":") && rest.digits(2, 2);
    if !time {
        return false;
    }
    if rest.one(b".") {
        rest.digits(0, usize::MAX);
    }
    if rest.0.is_empty() {
        return true;
    }
    rest.blanks();
    rest.one(b"Z") && rest.0.is_empty() || rest.is_offset()
}

/// What is left of a text while a pattern is held against it.
struct Pattern<'a>(&'a str);

impl Pattern<'_> {
    fn one(&mut self, of: &[u8]) -> bool {
        let fits = self.0.bytes().next().is_some_and(|first| of.contains(&first));
        if fits {
            self.0 = &self.0[1..];
        }
        fits
    }

    fn digits(&mut self, least: usize, most: usize) -> bool {
        let count = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        self.0 = &self.0[count..];
        count >= least
    }

    fn blanks(&mut self) -> usize {
        let count = self.0.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.0 = &self.0[count..];
        count
    }

    fn is_offset(&mut self) -> bool {
        self.one(b"+-")
            && self.digits(1, 2)
            && (self.0.is_empty() || self.one(b":") && self.digits(2, 2))
            && self.0.is_empty()
    }
}
