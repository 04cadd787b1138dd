//! Holds `docs/reports.md` to the closed lists of the code.
#![expect(clippy::panic, reason = "a test that fails says why")]

use std::fmt::Write as _;
use std::path::Path;

use secretferry::model::{Action, Outcome, Reason};

const BEGIN: &str = "<!-- lists: begin -->\n";
const END: &str = "<!-- lists: end -->\n";

#[test]
fn every_word_of_the_closed_lists_is_explained() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reports.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (before, rest) = text.split_once(BEGIN).unwrap_or_else(|| panic!("docs/reports.md lacks {BEGIN}"));
    let (lists, after) = rest.split_once(END).unwrap_or_else(|| panic!("docs/reports.md lacks {END}"));
    let expected = tables();
    if std::env::var_os("UPDATE").is_some() {
        let text = format!("{before}{BEGIN}{expected}{END}{after}");
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    } else {
        assert!(lists == expected, "docs/reports.md is not what the code says; UPDATE=1 writes it anew");
    }
}

fn tables() -> String {
    let mut text = String::new();
    table(&mut text, "Actions", Action::ALL.iter().map(|word| (word.as_str(), word.explained())));
    table(&mut text, "Outcomes", Outcome::ALL.iter().map(|word| (word.as_str(), word.explained())));
    table(&mut text, "Reasons", Reason::ALL.iter().map(|word| (word.as_str(), word.explained())));
    text
}

fn table<'a>(text: &mut String, title: &str, rows: impl Iterator<Item = (&'a str, &'a str)>) {
    let _ = write!(text, "\n## {title}\n\n| word | means |\n|---|---|\n");
    for (word, explained) in rows {
        let _ = writeln!(text, "| `{word}` | {explained} |");
    }
}
