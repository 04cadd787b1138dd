//! Notes of a plan that are about no field's spelling: each must be true of the row.

use crate::airflow::Seen;
use crate::metastore::Row;

/// Tells what is wrong with a remark on a row, as the readers saw it.
pub fn fault(remark: &str, row: &Row, seen: &[&Seen]) -> Option<String> {
    match is_true(remark, row, seen) {
        Some(true) => None,
        Some(false) => Some(format!("the remark is not true: {remark}")),
        None => Some(format!("nobody knows this remark: {remark}")),
    }
}

/// Tells which readers hand the connection out without its id, and are not said to.
pub fn unsaid<'a>(notes: &'a [String], seen: &'a [&Seen]) -> impl Iterator<Item = String> + 'a {
    let nulled = seen.iter().filter(|seen| seen.kind == "connections" && seen.found && seen.conn_id.is_none());
    let remark = |seen: &&&Seen| format!("{} hands the connection out with its conn_id set to null.", seen.reader);
    nulled
        .map(move |seen| remark(&seen))
        .filter(|remark| !notes.contains(remark))
        .map(|remark| format!("unsaid: {remark}"))
}

fn is_true(remark: &str, row: &Row, seen: &[&Seen]) -> Option<bool> {
    let id = row.id.as_deref().unwrap_or_default();
    if let Some(reader) = remark.strip_suffix(" hands the connection out with its conn_id set to null.") {
        return Some(seen.iter().any(|seen| seen.reader == reader && seen.conn_id.is_none()));
    }
    if remark == "A worker cannot ask Airflow's API for an id with `/`; only the secrets backend gives it." {
        return Some(id.contains('/'));
    }
    if remark == "Airflow's command line and REST API refuse the id." {
        let is_plain = |letter: char| letter.is_alphanumeric() || "_.-".contains(letter);
        return Some(!id.chars().all(is_plain) || id.chars().count() > 200 || id.contains(".."));
    }
    if remark == "stands in quotes, which Airflow takes for content" {
        let text = row.value.as_str().unwrap_or_default();
        return Some(['"', '\''].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote)));
    }
    let (words, path) = remark.strip_suffix(')')?.rsplit_once(" (")?;
    let field = path.split(['.', '[']).next().unwrap_or_default();
    let text = row.fields.get(field).unwrap_or(&row.value).as_str().unwrap_or_default();
    match words {
        "ends with a line end, which Airflow keeps" => Some(text.ends_with('\n')),
        "has *** inside" => Some(text.contains("***")),
        "begins with a byte-order mark, which Airflow takes for content" => Some(text.starts_with('\u{feff}')),
        "looks like a Fernet token, though it is stored as plain text" => Some(text.starts_with("gAAAAA")),
        _ => None,
    }
}
