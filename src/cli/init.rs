//! `init`: a commented config to start from, filled from an Airflow's own settings where there are any.

mod draft;
mod options;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use self::draft::draft;
use self::options::{Options, Origin};
use super::args;
use super::console::Console;
use super::failure::Failure;

const STARTER: &str = include_str!("init/starter.toml");

/// Writes the config; tells what of Airflow's settings was not understood.
pub fn init(args: args::Init, console: &Console) -> Result<u8, Failure> {
    let (text, notes) = match &args.from_airflow {
        None => (STARTER.to_owned(), Vec::new()),
        Some(path) => draft(&options(path.as_deref())?),
    };
    match &args.output {
        None => console.print(&text)?,
        Some(file) => {
            write(file, &text)?;
            console.tell(&format!("{} is written; next: secretferry check --config {0}", file.display()));
        }
    }
    for note in notes {
        console.tell(&format!("not understood: {note}"));
    }
    Ok(0)
}

fn options(path: Option<&Path>) -> Result<Options, Failure> {
    let Some(path) = path else { return Ok(Options::of_environment()) };
    let bytes = fs::read(path)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display()), "check the path"))?;
    let text = zeroize::Zeroizing::new(String::from_utf8(bytes).map_err(|_| {
        Failure::usage(
            format!("{} is not UTF-8 text", path.display()),
            "name an airflow.cfg, a Dockerfile or a .env file",
        )
    })?);
    Ok(Options::parse(Origin::of(path, &text), &text))
}

// Never over a file that is there: it may be somebody's config.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let made = fs::OpenOptions::new().write(true).create_new(true).open(file);
    made.and_then(|mut made| made.write_all(text.as_bytes())).map_err(|error| {
        let hint = "name another file, or move that one away";
        Failure::usage(format!("{} cannot be written: {error}", file.display()), hint)
    })
}
