//! A `.env` file as `LocalFilesystemBackend` and `airflow connections import` read it: `id=value` lines, no quotes, no escapes.

use zeroize::Zeroizing;

use crate::provider::file::lines::{Content, LineDocument, split};
use crate::provider::file::{Malformed, Remark};

const REMEDY: &str = "mend the line; Airflow reads nothing of a file with such a line";

/// Takes a text apart; one faulty line spoils the file, as it does for Airflow.
pub fn parse(text: &str) -> Result<LineDocument, Malformed> {
    let malformed =
        |line, problem: &str| Malformed { line, column: None, problem: problem.to_owned(), remedy: Some(REMEDY) };
    if text.starts_with('\u{feff}') {
        return Err(malformed(1, "a byte-order mark, which Airflow takes for a part of the first id"));
    }
    let mut document = LineDocument::default();
    for (number, (line, end)) in (1..).zip(split(text)) {
        if line.is_empty() || line.trim_start_matches(is_blank).starts_with('#') {
            document.push(line, end, Content::Other);
            continue;
        }
        let Some((id, value)) = line.split_once('=') else {
            return Err(malformed(number, "no `=`, which ends the id; a value cannot go on over several lines"));
        };
        match (id, value) {
            ("", _) => return Err(malformed(number, "no id before the `=`")),
            (_, "") => return Err(malformed(number, "no value behind the `=`; Airflow takes no empty one")),
            _ => {}
        }
        document.push(line, end, Content::Entry(id.to_owned(), Zeroizing::new(value.to_owned())));
        if let Some(remark) = remark(number, id, value) {
            document.remark(remark);
        }
    }
    Ok(document)
}

/// `\s` of Python's regular expressions, as far as no line ends there.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == '\u{1f}'
}

/// What other readers of such files understand and Airflow does not.
fn remark(line: usize, id: &str, value: &str) -> Option<Remark> {
    let said = |code, message: String, remedy: &str| Some(Remark { line, code, message, remedy: remedy.to_owned() });
    let foreign = ["export ", "ENV ", "set "].into_iter().find(|word| id.starts_with(word));
    if let Some(word) = foreign {
        let message = format!("Airflow takes `{}` for a part of the id", word.trim_end());
        return said("foreign-syntax", message, "write the line as id=value");
    }
    if id.trim() != id {
        return said(
            "blank-around-id",
            "Airflow takes the blanks around the id for a part of it".to_owned(),
            "take them away",
        );
    }
    let quoted =
        value.len() > 1 && ['"', '\''].into_iter().any(|quote| value.starts_with(quote) && value.ends_with(quote));
    if quoted {
        return said(
            "quoted-value",
            "Airflow takes the quotes for a part of the value".to_owned(),
            "take them away, if they are none",
        );
    }
    None
}
