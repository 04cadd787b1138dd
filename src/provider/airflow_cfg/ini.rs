//! An `airflow.cfg` as Python's `configparser` reads it: sections, values over several lines, comments, `%`.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::provider::file::{Document, Found, Malformed, Unwritable};

/// The options of a file, each by `section.option`.
#[derive(Default)]
pub struct IniDocument {
    values: BTreeMap<String, Value>,
}

/// A value with its `%` filled in, or why that failed.
type Value = Result<Zeroizing<String>, String>;
type Section = BTreeMap<String, Vec<String>>;

/// The section whose options stand in every other one.
const DEFAULT: &str = "DEFAULT";
/// As deep as `%(…)s` may lead to another.
const MOST_STEPS: usize = 10;

impl IniDocument {
    /// Takes a text apart; one faulty line spoils the file, as it does for Airflow.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = Zeroizing::new(text.replace("\r\n", "\n").replace('\r', "\n"));
        let mut reader = Reader::default();
        for (number, line) in (1..).zip(text.split('\n')) {
            reader.line(line).map_err(|problem| Malformed {
                line: number,
                column: None,
                problem: problem.to_owned(),
                remedy: Some("mend the line; Airflow cannot read the file either"),
            })?;
        }
        let defaults = reader.sections.remove(DEFAULT).unwrap_or_default();
        let mut values = BTreeMap::new();
        for (name, section) in reader.sections {
            let options: BTreeMap<String, Zeroizing<String>> =
                defaults.iter().chain(&section).map(|(option, lines)| (option.clone(), joined(lines))).collect();
            for (option, raw) in &options {
                values.insert(format!("{name}.{option}"), filled_in(raw, &options));
            }
        }
        Ok(Self { values })
    }
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    sections: BTreeMap<String, Section>,
    section: Option<String>,
    option: Option<String>,
    indent: usize,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        let value = strip(line);
        if value.starts_with(['#', ';']) {
            return Ok(());
        }
        if value.is_empty() {
            self.go_on("");
            return Ok(());
        }
        let indent = line.chars().take_while(|letter| is_blank(*letter)).count();
        if self.option.is_some() && indent > self.indent {
            self.go_on(value);
            return Ok(());
        }
        self.indent = indent;
        match value.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')).filter(|(name, _)| !name.is_empty()) {
            Some((name, _)) => self.header(name),
            None => self.option(value),
        }
    }

    /// Adds a line to the value of the option above.
    fn go_on(&mut self, line: &str) {
        if let (Some(section), Some(option)) = (&self.section, &self.option)
            && let Some(lines) = self.sections.get_mut(section).and_then(|options| options.get_mut(option))
        {
            lines.push(line.to_owned());
        }
    }

    fn header(&mut self, name: &str) -> Result<(), &'static str> {
        if name != DEFAULT && self.sections.contains_key(name) {
            return Err("a second section of this name");
        }
        self.sections.entry(name.to_owned()).or_default();
        (self.section, self.option) = (Some(name.to_owned()), None);
        Ok(())
    }

    fn option(&mut self, text: &str) -> Result<(), &'static str> {
        let section = self.section.as_ref().ok_or("an option before the first [section]")?;
        let (option, value) = text.split_once(['=', ':']).ok_or("neither a [section] nor option = value")?;
        let option = strip(option).to_owned();
        let options = self.sections.entry(section.clone()).or_default();
        if option.is_empty() {
            return Err("an option without a name");
        }
        if options.insert(option.clone(), vec![strip(value).to_owned()]).is_some() {
            return Err("a second option of this name in the section");
        }
        self.option = Some(option);
        Ok(())
    }
}

/// What Python's `str.strip` takes for a blank.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{1c}'..='\u{1f}')
}

fn strip(text: &str) -> &str {
    text.trim_matches(is_blank)
}

fn joined(lines: &[String]) -> Zeroizing<String> {
    let joined = Zeroizing::new(lines.join("\n"));
    Zeroizing::new(joined.trim_end_matches(is_blank).to_owned())
}

/// `BasicInterpolation`: `%%` is a `%`, `%(option)s` the option of the section.
fn filled_in(raw: &str, options: &BTreeMap<String, Zeroizing<String>>) -> Value {
    let mut out = Zeroizing::new(String::with_capacity(raw.len()));
    fill_in(&mut out, raw, options, 1)?;
    Ok(out)
}

fn fill_in(
    out: &mut String,
    raw: &str,
    options: &BTreeMap<String, Zeroizing<String>>,
    step: usize,
) -> Result<(), String> {
    if step > MOST_STEPS {
        return Err("its %(…)s lead to one another in a circle".to_owned());
    }
    let mut rest = raw;
    while let Some(found) = rest.find('%') {
        out.push_str(&rest[..found]);
        let after = &rest[found + 1..];
        if let Some(next) = after.strip_prefix('%') {
            out.push('%');
            rest = next;
            continue;
        }
        let reference = after.strip_prefix('(').and_then(|inside| inside.split_once(')'));
        let reference = reference.filter(|(option, next)| !option.is_empty() && next.starts_with('s'));
        let (option, next) = reference.ok_or("it has a single %, which Airflow refuses; write %% for a %")?;
        let value = options.get(option).ok_or("its %(…)s names an option that the section does not have")?;
        fill_in(out, value, options, step + 1)?;
        rest = &next[1..];
    }
    out.push_str(rest);
    Ok(())
}

impl Document for IniDocument {
    fn ids(&self) -> Vec<&str> {
        self.values.keys().map(String::as_str).collect()
    }

    fn find(&self, id: &str) -> Option<Found<'_>> {
        Some(match self.values.get(id)? {
            Ok(value) => Found::Value(value),
            Err(why) => Found::Unreadable(why),
        })
    }

    fn put(&mut self, _: &str, _: &str) -> Result<(), Unwritable> {
        Err(Unwritable("an airflow.cfg is only read".to_owned()))
    }

    fn remove(&mut self, _: &str) {}

    fn text(&self) -> Result<Zeroizing<String>, Unwritable> {
        Err(Unwritable("an airflow.cfg is only read".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn read(text: &str) -> String {
        let document = match IniDocument::parse(text) {
            Ok(document) => document,
            Err(malformed) => return malformed.to_string(),
        };
        let shown = |id: &str| match document.find(id).unwrap() {
            Found::Value(value) => format!("{id}={value:?}"),
            _ => format!("{id} unreadable"),
        };
        document.ids().into_iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    /// Made by `tests/airflow/ini_cases.py` with the parsers of Airflow 2.11.2 and 3.3.2, which agree.
    const CASES: &str = include_str!("../../../tests/golden/ini.jsonl");

    /// What is wrong with our reading of one text; `None` if it is Airflow's.
    fn difference(case: &serde_json::Value) -> Option<String> {
        let parsed = IniDocument::parse(case["text"].as_str().unwrap());
        let (read, entries) = match (parsed, case["entries"].as_object()) {
            (Err(_), None) => return None,
            (Ok(_), None) => return Some("Airflow refuses it".to_owned()),
            (Err(malformed), Some(_)) => return Some(format!("we refuse it: {malformed}")),
            (Ok(read), Some(entries)) => (read, entries),
        };
        let own = read.values.iter().map(|(id, value)| (id.as_str(), value.as_ref().ok().map(|text| text.as_str())));
        let found: BTreeMap<_, _> = own.collect();
        let wanted: BTreeMap<_, _> = entries.iter().map(|(id, value)| (id.as_str(), value.as_str())).collect();
        (found != wanted).then(|| format!("{found:?}, and Airflow reads {wanted:?}"))
    }

    #[test]
    fn reads_what_airflow_reads() {
        let cases: Vec<serde_json::Value> = CASES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let refused = cases.iter().filter(|case| case["entries"].is_null()).count();
        assert!(refused > 100 && cases.len() - refused > 100, "the cases were not found");
        let told = |case: &serde_json::Value| difference(case).map(|what| format!("{}: {what}", case["text"]));
        let differences: Vec<_> = cases.iter().filter_map(told).collect();
        assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    }

    /// What `configparser.ConfigParser` of Python 3.11, with the names of options as they are, makes of each.
    #[test]
    fn reads_what_configparser_reads() {
        let rows = [
            ("", ""),
            ("[a]\nx = 1\n", "a.x=\"1\""),
            ("[a]\nx=1\ny : 2\nz:=3\n w = 4\n", "a.x=\"1\" a.y=\"2\" a.z=\"=3\\nw = 4\""),
            ("[a]\nx =\n  one\n\n  two\n# c\n   three\n\n\ny=2\n", "a.x=\"\\none\\n\\ntwo\\nthree\" a.y=\"2\""),
            ("[a]\nx = 1 # no comment\n; c\n  ; c\ny = ;2\n", "a.x=\"1 # no comment\" a.y=\";2\""),
            ("  [a]\n  x = 1\n  y = 2\n", "a.x=\"1\" a.y=\"2\""),
            ("[a]\n  x = 1\ny = 2\n    z = 3\n", "a.x=\"1\" a.y=\"2\\nz = 3\""),
            ("[a] ; b]\nx=1\n", "a] ; b.x=\"1\""),
            ("[a]\nX=1\nx=2\n", "a.X=\"1\" a.x=\"2\""),
            (
                "[a]\nx = p%%q\ny = %(x)s%(x)s\nz = 5%\nw = %(nowhere)s\n",
                "a.w unreadable a.x=\"p%q\" a.y=\"p%qp%q\" a.z unreadable",
            ),
            ("[a]\nx = %(y)s\ny = %(x)s\n", "a.x unreadable a.y unreadable"),
            ("[DEFAULT]\nx=1\n[a]\ny=%(x)s\n[b]\nx=2\n", "a.x=\"1\" a.y=\"1\" b.x=\"2\""),
            ("[a]\nx=1\r\ny=2\r\n", "a.x=\"1\" a.y=\"2\""),
            ("x=1\n", "line 1: an option before the first [section]"),
            ("[a]\nx\n", "line 2: neither a [section] nor option = value"),
            ("[a]\n=1\n", "line 2: an option without a name"),
            ("[a]\nx=1\n[a]\n", "line 3: a second section of this name"),
            ("[a]\nx=1\nx=2\n", "line 3: a second option of this name in the section"),
        ];
        for (text, expected) in rows {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
