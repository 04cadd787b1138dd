//! Standard output for reports, standard error for everything else; what may be coloured, how wide it is, whom to ask.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use tokio::sync::oneshot;

use super::args::Global;
use super::failure::Failure;
use super::progress::Bars;
use crate::reference::env_setting;
use crate::report::{Colour, Paper};

/// Lines fit this where no terminal says otherwise.
const USUAL_WIDTH: usize = 80;

/// Where a command writes.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    /// Whether reports are for machines.
    pub json: bool,
    /// What reports for people are written on.
    pub paper: Paper,
    /// Whether progress is drawn.
    pub bars: Bars,
}

impl Console {
    /// Finds out what the standard streams are.
    pub fn new(global: &Global) -> Self {
        let plain = global.no_color || env_setting("NO_COLOR").is_some() || !io::stdout().is_terminal();
        let width = terminal_size::terminal_size().map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0));
        let drawn = io::stderr().is_terminal() && global.verbose == 0;
        Self {
            json: global.json,
            paper: Paper { width, colour: if plain { Colour::None } else { Colour::Ansi } },
            bars: if drawn { Bars::Drawn } else { Bars::Hidden },
        }
    }

    /// Prints a report, rendered for machines or for people.
    pub fn report(&self, json: impl FnOnce() -> String, text: impl FnOnce(Paper) -> String) {
        let rendered = if self.json { json() } else { text(self.paper) };
        print(&rendered);
    }

    /// Prints text for people; nothing where the report is for machines.
    pub fn say(&self, text: &str) {
        if !self.json {
            print(&format!("{text}\n"));
        }
    }

    /// Tells a person something beside the report.
    pub fn tell(&self, text: &str) {
        // A closed standard error leaves nobody to tell.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Tells why a command did not do what it was asked.
    pub fn failure(&self, failure: &Failure) {
        self.tell(&format!("error: {}", failure.message));
        for hint in &failure.hints {
            self.tell(&format!("  hint: {}", hint.replace('\n', "\n        ")));
        }
    }

    /// Tells whether somebody is there to be asked.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question whose only consent is `yes`.
    pub async fn consents(&self, question: &str) -> bool {
        let question = format!("{question} Only `yes` is taken for consent: ");
        let (answered, answer) = oneshot::channel();
        // A thread of its own: the process may end while it still waits for a line.
        std::thread::spawn(move || {
            let mut answer = String::new();
            let _ = write!(io::stderr(), "{question}");
            let _ = io::stderr().flush();
            let _ = io::stdin().lock().read_line(&mut answer);
            let _ = answered.send(answer);
        });
        answer.await.is_ok_and(|answer| answer.trim() == "yes")
    }
}

/// Writes to standard output; a reader that has gone away, as `head` does, is not our fault.
fn print(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes());
    let _ = output.flush();
}
