//! The log on standard error: ours as detailed as asked for, that of libraries capped, since theirs may hold what ours never does.

use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::model::{is_treacherous, shown};

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// JSON where the daemon writes elsewhere than to a terminal, else for people.
    #[default]
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// How long the process lives, as far as its log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// One command: its report says what was done, the log only what went wrong.
    Command,
    /// The daemon: nobody sees a report, so the log has a line for every run.
    Daemon,
}

/// Begins logging; `verbose` is how often `-v` was given.
pub fn begin(verbose: u8, format: LogFormat, life: Life) {
    let registry = tracing_subscriber::registry().with(targets(level(verbose, life)));
    let lines = tracing_subscriber::fmt::layer().with_ansi(false);
    if is_json(format, life, io::stderr().is_terminal()) {
        let lines = lines.json().with_current_span(false).with_span_list(false);
        registry.with(lines.with_writer(|| Lines { output: io::stderr(), escaped: json_escaped })).init();
    } else {
        registry.with(lines.with_writer(|| Lines { output: io::stderr(), escaped: shown })).init();
    }
}

fn is_json(format: LogFormat, life: Life, is_terminal: bool) -> bool {
    match format {
        LogFormat::Auto => life == Life::Daemon && !is_terminal,
        LogFormat::Human => false,
        LogFormat::Json => true,
    }
}

fn level(verbose: u8, life: Life) -> LevelFilter {
    let usual = if life == Life::Daemon { 1 } else { 0 };
    match verbose + usual {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

/// How much is heard of whom. Names are beginnings: `google_cloud` is every crate of Google's.
fn targets(ours: LevelFilter) -> Targets {
    // vaultrs calls every plain 404 an error; aws_config repeats what a credential_process prints; the SDKs of Google and
    // Microsoft may write whole requests and answers, with the secrets in them.
    let silent = ["vaultrs", "rustify", "aws_config", "google_cloud", "azure", "typespec"];
    let targets = Targets::new().with_default(LevelFilter::WARN).with_target("secretferry", ours);
    targets.with_targets(silent.map(|name| (name, LevelFilter::OFF)))
}

/// Names come from stores: none may begin a line of its own, move the cursor or turn the writing around.
struct Lines<W> {
    output: W,
    escaped: fn(&str) -> String,
}

impl<W: Write> Write for Lines<W> {
    // Each event comes in one piece, which ends in the only newline that is meant.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (line, end) = text.strip_suffix('\n').map_or((&*text, ""), |line| (line, "\n"));
        self.output.write_all(((self.escaped)(line) + end).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// What JSON leaves as it is and a terminal does not; none of it stands outside of a JSON text.
fn json_escaped(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    for character in line.chars() {
        if !is_treacherous(character) {
            safe.push(character);
            continue;
        }
        let mut units = [0; 2];
        safe.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
    }
    safe
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use std::sync::{Arc, Mutex};

    use tracing::Level;

    use super::*;

    #[test]
    fn what_may_write_secrets_writes_nothing_however_much_is_asked_for() {
        let targets = targets(LevelFilter::TRACE);
        let rows = [
            ("secretferry::engine", Level::TRACE, true),
            ("hyper::client", Level::WARN, true),
            ("hyper::client", Level::INFO, false),
            ("vaultrs::client", Level::ERROR, false),
            ("aws_config::profile", Level::ERROR, false),
            ("google_cloud_secretmanager_v1::tracing", Level::ERROR, false),
            ("google_cloud_gax_internal::http", Level::ERROR, false),
            ("google_cloud_auth::credentials", Level::ERROR, false),
            ("azure_core::http", Level::ERROR, false),
            ("azure_identity::chain", Level::ERROR, false),
            ("typespec_client_core::http", Level::ERROR, false),
        ];
        for (target, level, expected) in rows {
            assert_eq!(targets.would_enable(target, &level), expected, "{target} {level}");
        }
    }

    #[test]
    fn a_command_writes_for_people_and_a_daemon_for_whatever_reads_it() {
        for (format, life, is_terminal, expected) in [
            (LogFormat::Auto, Life::Command, false, false),
            (LogFormat::Auto, Life::Command, true, false),
            (LogFormat::Auto, Life::Daemon, false, true),
            (LogFormat::Auto, Life::Daemon, true, false),
            (LogFormat::Human, Life::Daemon, false, false),
            (LogFormat::Json, Life::Command, true, true),
        ] {
            assert_eq!(is_json(format, life, is_terminal), expected, "{format:?} {life:?} {is_terminal}");
        }
        assert_eq!((level(0, Life::Command), level(0, Life::Daemon)), (LevelFilter::WARN, LevelFilter::INFO));
        assert_eq!(level(1, Life::Daemon), LevelFilter::DEBUG);
    }

    /// What is written of one event whose field holds `name`, for people and as JSON.
    fn written(name: &str) -> [String; 2] {
        #[derive(Clone, Default)]
        struct Sink(Arc<Mutex<Vec<u8>>>);
        impl Write for Sink {
            fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
                self.0.lock().unwrap().write(piece)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (human, json) = (Sink::default(), Sink::default());
        let [people, machines] = [human.clone(), json.clone()];
        let for_people = tracing_subscriber::fmt::layer().with_ansi(false);
        let for_people = for_people.with_writer(move || Lines { output: people.clone(), escaped: shown });
        let for_machines = tracing_subscriber::fmt::layer().json();
        let for_machines = for_machines.with_writer(move || Lines { output: machines.clone(), escaped: json_escaped });
        let subscriber = tracing_subscriber::registry().with(for_people).with(for_machines);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(name, shown = %name, guessed = ?name, "a key called {name} was seen");
        });
        [human, json].map(|sink| String::from_utf8(sink.0.lock().unwrap().clone()).unwrap())
    }

    #[test]
    fn a_name_can_neither_begin_a_line_nor_move_the_cursor_nor_turn_the_writing_around() {
        let name = "x\n2026-01-01T00:00:00Z  INFO secretferry: all is well\r\u{1b}[2K\u{9b}1A\u{202e}\u{2028}\u{e0041}\u{7f}\"}";
        for line in written(name) {
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            let treacherous: Vec<_> = line.trim_end_matches('\n').chars().filter(|one| is_treacherous(*one)).collect();
            assert!(treacherous.is_empty(), "{treacherous:?} in {line}");
        }
        let [_, json] = written(name);
        let event: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(event["fields"]["name"], name, "nothing is lost to a machine");
        let [human, _] = written("größe 名前");
        assert!(human.contains("größe 名前"), "{human}");
    }
}
