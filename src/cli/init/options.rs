//! Airflow's settings as they are found: in an airflow.cfg, a Dockerfile, a .env file or the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::SecretValue;
use crate::reference::{Reference, env_names};

/// Where the settings were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// An airflow.cfg.
    Cfg(PathBuf),
    /// A Dockerfile.
    Dockerfile(PathBuf),
    /// A file of variables.
    EnvFile(PathBuf),
    /// The variables of this process.
    Environment,
}

/// What was found, by the name of Airflow's variable for it.
#[derive(Debug)]
pub(super) struct Options {
    /// Where.
    pub origin: Origin,
    /// `AIRFLOW__SECTION__KEY`, `AIRFLOW_CONN_…`, `AIRFLOW_VAR_…`, and what they hold.
    pub values: BTreeMap<String, SecretValue>,
    /// Lines that could not be read, by their numbers.
    pub unread: Vec<usize>,
}

impl Origin {
    /// Tells by a file's name, and else by its first line, what it is.
    pub fn of(path: &Path, text: &str) -> Self {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
        let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let path = path.to_owned();
        if name.contains("dockerfile") || name.contains("containerfile") {
            Self::Dockerfile(path)
        } else if name.ends_with(".cfg") || first.is_some_and(|line| line.starts_with('[')) {
            Self::Cfg(path)
        } else {
            Self::EnvFile(path)
        }
    }
}

impl Options {
    /// Reads the variables of this process.
    pub fn of_environment() -> Self {
        let named = |name: String| {
            let value = Reference::Env(name.clone()).resolve().ok()?;
            Some((name, value))
        };
        let values = env_names("AIRFLOW_").into_iter().filter_map(named).collect();
        Self { origin: Origin::Environment, values, unread: Vec::new() }
    }

    /// Reads the text of a file.
    pub fn parse(origin: Origin, text: &str) -> Self {
        let mut found = Self { origin, values: BTreeMap::new(), unread: Vec::new() };
        match found.origin {
            Origin::Cfg(_) => found.cfg(text),
            Origin::Dockerfile(_) => found.dockerfile(text),
            Origin::EnvFile(_) | Origin::Environment => found.env_file(text),
        }
        found
    }

    /// What a variable holds; an empty one counts as not set.
    pub fn value(&self, name: &str) -> Option<&SecretValue> {
        self.values.get(name)
    }

    fn add(&mut self, name: &str, value: &str) {
        if name.starts_with("AIRFLOW_") && !value.is_empty() {
            self.values.insert(name.to_owned(), SecretValue::from(value));
        }
    }

    // As Python's configparser reads it: an indented line goes on with the value before.
    fn cfg(&mut self, text: &str) {
        let mut section = String::new();
        let mut open: Option<(String, String)> = None;
        for (number, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if line.starts_with([' ', '\t'])
                && let Some((_, value)) = &mut open
            {
                value.push('\n');
                value.push_str(trimmed);
                continue;
            }
            self.close(open.take());
            if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name.to_owned();
            } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
                let name = format!("AIRFLOW__{}__{}", section.replace('.', "_"), key.trim()).to_uppercase();
                open = Some((name, value.trim().to_owned()));
            } else {
                self.unread.push(number + 1);
            }
        }
        self.close(open);
    }

    fn close(&mut self, option: Option<(String, String)>) {
        if let Some((name, value)) = option {
            self.add(&name, &value.replace("%%", "%"));
        }
    }

    fn env_file(&mut self, text: &str) {
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, value)) = line.split_once('=').filter(|(name, _)| is_name(name)) else {
                self.unread.push(number + 1);
                continue;
            };
            // In quotes as a shell has it; without, JSON and all, the text as it stands, as docker has it.
            match value.starts_with(['\'', '"']).then(|| words(value)) {
                None => self.add(name, value),
                Some(Some(words)) => self.add(name, words.first().map_or("", String::as_str)),
                Some(None) => self.unread.push(number + 1),
            }
        }
    }

    fn dockerfile(&mut self, text: &str) {
        let mut number = 0;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            number += 1;
            let mut whole = line.trim().to_owned();
            let first = number;
            while let Some(begun) = whole.strip_suffix('\\') {
                let Some(next) = lines.next() else { break };
                number += 1;
                let more = if next.trim_start().starts_with('#') { "\\" } else { next.trim() };
                whole = format!("{begun}{more}");
            }
            let Some((instruction, rest)) = whole.split_once([' ', '\t']) else { continue };
            if instruction.eq_ignore_ascii_case("env") || instruction.eq_ignore_ascii_case("arg") {
                self.declared(rest.trim(), first);
            }
        }
    }

    // `ENV NAME=value …`, or the old `ENV NAME the rest of the line`.
    fn declared(&mut self, rest: &str, number: usize) {
        let Some(words) = words(rest) else { return self.unread.push(number) };
        let Some(first) = words.first() else { return };
        if !first.contains('=') {
            let value = rest.strip_prefix(first.as_str()).unwrap_or_default().trim();
            return self.add(first, value);
        }
        for word in &words {
            match word.split_once('=') {
                Some((name, value)) => self.add(name, value),
                None => self.unread.push(number),
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// The words of a line as a shell takes them apart, without their quotes; `None` where a quote is left open.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                let escapes = |next: &char| quote.is_none() || matches!(next, '"' | '\\' | '$' | '`');
                let next = characters.next_if(escapes).unwrap_or('\\');
                word.get_or_insert_default().push(next);
            }
            (None, ' ' | '\t') => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(origin: fn(PathBuf) -> Origin, text: &str) -> (Vec<(String, String)>, Vec<usize>) {
        let options = Options::parse(origin(PathBuf::from("x")), text);
        let values = options.values.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        (values.collect(), options.unread)
    }

    fn check(origin: fn(PathBuf) -> Origin, text: &str, expected: &[(&str, &str)], unread: &[usize]) {
        let expected: Vec<_> = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(found(origin, text), (expected, unread.to_vec()), "for:\n{text}");
    }

    #[test]
    fn an_airflow_cfg_is_read_as_python_reads_it() {
        let text = "[core]\n# fernet_key = no\nfernet_key = a%%b=\nempty =\n[kubernetes.x]\nk: v\n\n[secrets]\n\
                    backend_kwargs = {\"a\": 1,\n    \"b\": 2}\nnonsense\n";
        let expected = [
            ("AIRFLOW__CORE__FERNET_KEY", "a%b="),
            ("AIRFLOW__KUBERNETES_X__K", "v"),
            ("AIRFLOW__SECRETS__BACKEND_KWARGS", "{\"a\": 1,\n\"b\": 2}"),
        ];
        check(Origin::Cfg, text, &expected, &[11]);
    }

    #[test]
    fn a_file_of_variables_may_be_quoted_or_not() {
        let text = "# c\nexport AIRFLOW__A__B='x y' # why\nAIRFLOW__A__C=\"say \\\"hi\\\" \\n\"\nAIRFLOW__A__D={\"k\": \"v\"}\n\
                    OTHER=1\nAIRFLOW__A__E=it's\nnonsense\n";
        let expected = [
            ("AIRFLOW__A__B", "x y"),
            ("AIRFLOW__A__C", "say \"hi\" \\n"),
            ("AIRFLOW__A__D", "{\"k\": \"v\"}"),
            ("AIRFLOW__A__E", "it's"),
        ];
        check(Origin::EnvFile, text, &expected, &[7]);
    }

    #[test]
    fn a_dockerfile_declares_in_two_ways_and_over_lines() {
        let text = "FROM apache/airflow:2.11.2\nENV AIRFLOW__A__B=1 \\\n    # in between\n    AIRFLOW__A__C='two words'\n\
                    env AIRFLOW__A__D the rest\nARG AIRFLOW__A__E\nRUN echo AIRFLOW__A__F=no\nENV AIRFLOW__A__G='open\n";
        let expected = [("AIRFLOW__A__B", "1"), ("AIRFLOW__A__C", "two words"), ("AIRFLOW__A__D", "the rest")];
        check(Origin::Dockerfile, text, &expected, &[8]);
    }

    #[test]
    fn a_file_is_known_by_its_name_and_else_by_its_first_line() {
        let of = |name: &str, text| Origin::of(Path::new(name), text);
        assert_eq!(of("/a/airflow.cfg", ""), Origin::Cfg("/a/airflow.cfg".into()));
        assert_eq!(of("prod.Dockerfile", ""), Origin::Dockerfile("prod.Dockerfile".into()));
        assert_eq!(of("settings", "# c\n[core]\n"), Origin::Cfg("settings".into()));
        assert_eq!(of(".env", "A=1"), Origin::EnvFile(".env".into()));
    }
}
