//! Standard output for reports, standard error for everything else; what may be coloured, how wide it is, whom to ask.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::args::Global;
use super::failure::Failure;
use super::progress::Bars;
use crate::reference::env_setting;
use crate::report::{Colour, Paper};

/// Lines fit this where neither COLUMNS nor a terminal says otherwise.
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

/// What a person said to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The one word that is taken for consent.
    Yes,
    /// Anything else, and the end of the input.
    No,
    /// Nothing: the run was interrupted while it waited.
    Interrupted,
}

impl Console {
    /// Finds out what the standard streams are.
    pub fn new(global: &Global) -> Self {
        let plain = global.no_color || env_setting("NO_COLOR").is_some() || !io::stdout().is_terminal();
        let drawn = io::stderr().is_terminal() && global.verbose == 0;
        Self {
            json: global.json,
            paper: Paper { width: width(), colour: if plain { Colour::None } else { Colour::Ansi } },
            bars: if drawn { Bars::Drawn } else { Bars::Hidden },
        }
    }

    /// Prints a report, rendered for machines or for people.
    pub fn report(&self, json: impl FnOnce() -> String, text: impl FnOnce(Paper) -> String) -> Result<(), Failure> {
        print(&if self.json { json() } else { text(self.paper) })
    }

    /// Prints one of several reports for people; for machines they come together, at the end.
    pub fn say_report(&self, text: impl FnOnce(Paper) -> String) -> Result<(), Failure> {
        if self.json { Ok(()) } else { print(&text(self.paper)) }
    }

    /// Prints the document for machines that holds several reports.
    pub fn print_json(&self, json: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json { print(&json()) } else { Ok(()) }
    }

    /// Tells why one of several things was not done; gives its exit code.
    pub fn failed(&self, failure: &Failure) -> u8 {
        self.failure(failure);
        failure.exit_code
    }

    /// Prints what a command is asked for, as it is.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        print(text)
    }

    /// Prints text for people; nothing where the report is for machines.
    pub fn say(&self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { print(&format!("{text}\n")) }
    }

    /// Tells a person something beside the report.
    pub fn tell(&self, text: &str) {
        // A closed standard error leaves nobody to tell.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Tells why a command did not do what it was asked.
    pub fn failure(&self, failure: &Failure) {
        for problem in &failure.problems {
            self.tell(&format!("error: {}", problem.message));
            if let Some(hint) = &problem.hint {
                self.tell(&format!("  hint: {}", hint.replace('\n', "\n        ")));
            }
        }
    }

    /// Tells whether somebody is there to be asked.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question whose only consent is `yes`; an interrupt is an answer too.
    pub async fn ask(&self, question: &str, stop: &CancellationToken) -> Answer {
        let _ = write!(io::stderr(), "{question} Only `yes` is taken for consent: ");
        let _ = io::stderr().flush();
        tokio::select! {
            line = typed() => if line.as_deref().map(str::trim) == Some("yes") { Answer::Yes } else { Answer::No },
            () = stop.cancelled() => Answer::Interrupted,
        }
    }
}

/// Prints text on standard output; a reader that has gone away, as `head` does, is not our fault.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::local(format!("the report cannot be written to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn width() -> usize {
    let told = env_setting("COLUMNS").and_then(|text| text.parse().ok());
    let seen = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    told.or_else(seen).unwrap_or(USUAL_WIDTH)
}

/// One line from standard input. Its thread may wait for ever, so the runtime must not wait for it.
async fn typed() -> Option<String> {
    let (sender, answer) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        let _ = sender.send(read.map(|_| line).ok());
    });
    answer.await.ok().flatten()
}
