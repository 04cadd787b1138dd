//! `json.dumps`: ASCII only, in three layouts.

use super::{Object, Text, Value, float_repr};

/// `json.dumps(value)`.
pub fn dumps(value: &Value) -> Text {
    write(value, &Layout { item: ", ", key: ": ", indent: false, sorted: false })
}

/// `json.dumps(value, indent=2)`.
pub fn dumps_indented(value: &Value) -> Text {
    write(value, &Layout { item: ",", key: ": ", indent: true, sorted: false })
}

/// `json.dumps(value, separators=(",", ":"), sort_keys=True)`: one spelling for each value.
pub fn dumps_canonical(value: &Value) -> Text {
    write(value, &Layout { item: ",", key: ":", indent: false, sorted: true })
}

struct Layout {
    item: &'static str,
    key: &'static str,
    indent: bool,
    sorted: bool,
}

fn write(value: &Value, layout: &Layout) -> Text {
    let mut out = Text::default();
    write_value(value, layout, 0, &mut out);
    out
}

fn write_value(value: &Value, layout: &Layout, depth: usize, out: &mut Text) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Integer(number) => out.push_str(&number.decimal()),
        Value::Float(number) => out.push_str(&float_repr(*number)),
        Value::Text(text) => write_text(text, out),
        Value::List(items) => write_list(items, layout, depth, out),
        Value::Object(object) => write_object(object, layout, depth, out),
    }
}

fn write_list(items: &[Value], layout: &Layout, depth: usize, out: &mut Text) {
    out.push_str("[");
    for (index, item) in items.iter().enumerate() {
        separate(index, layout, depth + 1, out);
        write_value(item, layout, depth + 1, out);
    }
    if !items.is_empty() {
        break_line(layout, depth, out);
    }
    out.push_str("]");
}

fn write_object(object: &Object, layout: &Layout, depth: usize, out: &mut Text) {
    let mut members: Vec<(&Text, &Value)> = object.iter().collect();
    if layout.sorted {
        members.sort_by_key(|(key, _)| *key);
    }
    out.push_str("{");
    for (index, (key, value)) in members.iter().enumerate() {
        separate(index, layout, depth + 1, out);
        write_text(key, out);
        out.push_str(layout.key);
        write_value(value, layout, depth + 1, out);
    }
    if !members.is_empty() {
        break_line(layout, depth, out);
    }
    out.push_str("}");
}

fn separate(index: usize, layout: &Layout, depth: usize, out: &mut Text) {
    if index > 0 {
        out.push_str(layout.item);
    }
    break_line(layout, depth, out);
}

fn break_line(layout: &Layout, depth: usize, out: &mut Text) {
    if layout.indent {
        out.push_str("\n");
        (0..depth).for_each(|_| out.push_str("  "));
    }
}

fn write_text(text: &Text, out: &mut Text) {
    out.push_str("\"");
    for code in text.code_points() {
        match code {
            0x22 => out.push_str("\\\""),
            0x5c => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x09 => out.push_str("\\t"),
            0x0a => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            0x0d => out.push_str("\\r"),
            0x20..=0x7e => out.push_code_point(code),
            0..=0xffff => write_escape(code, out),
            _ => {
                write_escape(0xd800 + ((code - 0x1_0000) >> 10), out);
                write_escape(0xdc00 + ((code - 0x1_0000) & 0x3ff), out);
            }
        }
    }
    out.push_str("\"");
}

fn write_escape(unit: u32, out: &mut Text) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digit = |shift: u32| HEX[(unit >> shift & 15) as usize];
    out.push_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}
