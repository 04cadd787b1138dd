//! JSON as YAML: every text in double quotes, everything on one line, in the spelling that YAML 1.1 reads as the same.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::model::python::{Text, Value, float_repr, loads};

/// Spells a JSON text as YAML; `None` for one that is no JSON, or holds half of a surrogate pair, which YAML cannot spell.
pub fn of_json(json: &str) -> Option<Zeroizing<String>> {
    let mut written = Zeroizing::new(String::with_capacity(2 * json.len()));
    write(&mut written, &loads(&Text::from(json)).ok()?)?;
    Some(written)
}

/// Spells a text in double quotes.
pub fn of_text(text: &str) -> Zeroizing<String> {
    let mut written = Zeroizing::new(String::with_capacity(2 * text.len() + 2));
    write_text(&mut written, text);
    written
}

fn write(to: &mut String, value: &Value) -> Option<()> {
    match value {
        Value::Null => to.push_str("null"),
        Value::Bool(value) => to.push_str(if *value { "true" } else { "false" }),
        Value::Integer(number) => to.push_str(&number.decimal()),
        Value::Float(number) => write_float(to, *number),
        Value::Text(text) => write_text(to, text.as_str()?),
        Value::List(items) => {
            to.push('[');
            for (index, item) in items.iter().enumerate() {
                to.push_str(if index == 0 { "" } else { ", " });
                write(to, item)?;
            }
            to.push(']');
        }
        Value::Object(object) => {
            to.push('{');
            for (index, (key, item)) in object.iter().enumerate() {
                to.push_str(if index == 0 { "" } else { ", " });
                write_text(to, key.as_str()?);
                to.push_str(": ");
                write(to, item)?;
            }
            to.push('}');
        }
    }
    Some(())
}

/// YAML 1.1 takes a number for a float only with a point in it.
fn write_float(to: &mut String, number: f64) {
    let written = float_repr(number);
    match written.as_str() {
        "NaN" => to.push_str(".nan"),
        "Infinity" => to.push_str(".inf"),
        "-Infinity" => to.push_str("-.inf"),
        plain => match plain.split_once('e') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => {
                let _ = write!(to, "{mantissa}.0e{exponent}");
            }
            _ => to.push_str(plain),
        },
    }
}

fn write_text(to: &mut String, text: &str) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\t' => to.push_str("\\t"),
            ' '..='~' => to.push(character),
            letter if letter.is_alphanumeric() => to.push(letter),
            other => {
                let _ = match u32::from(other) {
                    code @ ..=0xff => write!(to, "\\x{code:02x}"),
                    code @ ..=0xffff => write!(to, "\\u{code:04x}"),
                    code => write!(to, "\\U{code:08x}"),
                };
            }
        }
    }
    to.push('"');
}
