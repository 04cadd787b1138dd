//! Python's numbers: `int` of any size, `int(x)`, and `repr` of a float.

use std::fmt;

use zeroize::Zeroizing;

use super::Text;
use super::text::is_blank;

/// The most digits Python turns into an `int` (its guard against slow conversions).
pub const DIGIT_LIMIT: usize = 4300;

/// A Python `int`, in decimal; it may be a secret, so it is redacted and wiped like text.
#[derive(Clone, PartialEq, Eq)]
pub struct Integer {
    negative: bool,
    // Without leading zeros; zero is never negative.
    digits: Zeroizing<String>,
}

impl Integer {
    /// Takes ASCII digits, with leading zeros or not; `None` if there are more than [`DIGIT_LIMIT`].
    pub(super) fn from_digits(negative: bool, digits: &str) -> Option<Self> {
        if digits.len() > DIGIT_LIMIT {
            return None;
        }
        let significant = match digits.trim_start_matches('0') {
            "" => "0",
            significant => significant,
        };
        Some(Self { negative: negative && significant != "0", digits: Zeroizing::new(significant.to_owned()) })
    }

    /// `int(text)`: blanks around it, a sign, any Unicode digits, single `_` between digits; `None` where Python raises.
    pub fn parse(text: &Text) -> Option<Self> {
        let ascii = Zeroizing::new(text.code_points().map(as_ascii).collect::<Option<String>>()?);
        // Not `trim`: Python has mapped the other blanks to ' ' by now, and \x1c-\x1f are none here.
        let number = ascii.trim_matches(|c: char| matches!(c, ' ' | '\t'..='\r'));
        let (negative, magnitude) = match number.as_bytes().first()? {
            b'-' => (true, &number[1..]),
            b'+' => (false, &number[1..]),
            _ => (false, number),
        };
        let well_formed =
            magnitude.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
        let digits = Zeroizing::new(magnitude.replace('_', ""));
        if well_formed { Self::from_digits(negative, &digits) } else { None }
    }

    /// `int(number)`: cut towards zero; `None` for infinities and NaN.
    pub fn truncate(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        // Rust writes every digit of the binary value, as Python's conversion does.
        let digits = Zeroizing::new(format!("{:.0}", number.trunc().abs()));
        Self::from_digits(number < 0.0, &digits)
    }

    /// The number, if it is in range.
    pub fn to_i64(&self) -> Option<i64> {
        self.decimal().parse().ok()
    }

    /// Tells whether it is 0.
    pub fn is_zero(&self) -> bool {
        *self.digits == "0"
    }

    /// The number as Python writes it.
    pub fn decimal(&self) -> Zeroizing<String> {
        let sign = if self.negative { "-" } else { "" };
        Zeroizing::new(format!("{sign}{}", self.digits.as_str()))
    }
}

impl From<i64> for Integer {
    fn from(number: i64) -> Self {
        Self { negative: number < 0, digits: Zeroizing::new(number.unsigned_abs().to_string()) }
    }
}

impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("int(redacted)")
    }
}

/// What `int()` makes of one code point before it reads digits: Unicode digits become ASCII, blanks beyond ASCII a space.
fn as_ascii(code: u32) -> Option<char> {
    if code < 0x7f {
        return char::from_u32(code);
    }
    if is_blank(code) {
        return Some(' ');
    }
    let zero = match DIGIT_ZEROS.binary_search(&code) {
        Ok(index) => DIGIT_ZEROS[index],
        Err(0) => return None,
        Err(index) => DIGIT_ZEROS[index - 1],
    };
    char::from_digit(code - zero, 10)
}

/// The zeros of Unicode's decimal digits (category Nd, Unicode 14 as in Python 3.11); each is followed by its 1 to 9.
const DIGIT_ZEROS: [u32; 65] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0,
    0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0,
    0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// `repr` of a float as `json.dumps` writes it: the shortest digits, `1e+16` and `1e-05` style exponents, `NaN`, `Infinity`.
pub fn float_repr(number: f64) -> Zeroizing<String> {
    if number.is_nan() {
        return Zeroizing::new("NaN".to_owned());
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number.is_infinite() {
        return Zeroizing::new(format!("{sign}Infinity"));
    }
    let scientific = shortest(number.abs());
    let (mantissa, exponent) = scientific.split_once('e').expect("Rust's {:e} always writes an exponent");
    let exponent: i32 = exponent.parse().expect("Rust's exponents are small integers");
    let digits = Zeroizing::new(mantissa.replace('.', ""));
    Zeroizing::new(format!("{sign}{}", place_point(&digits, exponent).as_str()))
}

/// The fewest digits that read back as `number`, in scientific notation.
///
/// Where two such texts are equally near, Python takes the one with the even last digit and Rust the larger one
/// (877124620100269.25 is `….2` there and `….3` here); Rust's rounding to a given number of digits is Python's.
fn shortest(number: f64) -> Zeroizing<String> {
    let shortest = Zeroizing::new(format!("{number:e}"));
    let digits = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let rounded = Zeroizing::new(format!("{number:.*e}", digits - 1));
    match rounded.parse::<f64>() {
        Ok(same) if same == number => rounded,
        _ => shortest,
    }
}

/// Writes `d.ddd × 10^exponent` plainly from 1e-4 up to 1e16, with an exponent beyond.
fn place_point(digits: &str, exponent: i32) -> Zeroizing<String> {
    let plain = match exponent {
        0..16 => {
            let whole = exponent as usize + 1;
            let padded = Zeroizing::new(format!("{digits:0<whole$}"));
            let (before, after) = padded.split_at(whole);
            format!("{before}.{}", if after.is_empty() { "0" } else { after })
        }
        -4..0 => format!("0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{first}{point}{rest}e{sign}{:02}", exponent.unsigned_abs())
        }
    };
    Zeroizing::new(plain)
}
