//! A story: files, commands, and all that these said, compared with a text in `expected/`; `UPDATE=1` writes that anew.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The text that no command may repeat: stories write it wherever a secret stands.
pub const SECRET: &str = "hunter2";

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_secretferry");

/// One story, in a folder of its own.
pub struct Story {
    name: &'static str,
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
    hidden: Vec<(String, &'static str)>,
    told: String,
}

impl Story {
    /// Begins one; its name is that of the text it is compared with.
    pub fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { name, folder, environment: Vec::new(), hidden: Vec::new(), told: String::new() }
    }

    /// The folder everything happens in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a file in it.
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder().join(file)
    }

    /// Writes a file that nobody else may read, and the folders above it.
    pub fn file(&mut self, file: &str, text: impl AsRef<[u8]>) -> &mut Self {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
        file.unwrap().write_all(text.as_ref()).unwrap();
        self
    }

    /// Reads a file back.
    pub fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Sets a variable for the commands that follow.
    pub fn set(&mut self, variable: &str, value: &str) -> &mut Self {
        self.environment.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// Replaces a text of this machine, such as its name, in what follows.
    pub fn hide(&mut self, text: &str, by: &'static str) -> &mut Self {
        self.hidden.push((text.to_owned(), by));
        self
    }

    /// What a command prints, and nothing of it is told.
    pub fn text_of(&self, line: &str) -> String {
        String::from_utf8(self.command(line).output().unwrap().stdout).unwrap()
    }

    /// Says in the text what comes next.
    pub fn heading(&mut self, text: &str) -> &mut Self {
        self.told.push_str(&format!("# {text}\n\n"));
        self
    }

    /// The command, with nothing of our own environment that could sway it.
    pub fn command(&self, line: &str) -> Command {
        self.command_of(Path::new(PROGRAM), line)
    }

    /// The same with another copy of the program.
    pub fn command_of(&self, program: &Path, line: &str) -> Command {
        let mut command = Command::new(program);
        command.args(line.split_whitespace()).current_dir(self.folder()).stdin(Stdio::null()).env_clear();
        command.env("HOME", self.folder()).env("COLUMNS", "80").envs(self.environment.iter().cloned());
        command
    }

    /// Runs a command and tells what it said; the exit code must be `code`.
    pub fn run(&mut self, code: i32, line: &str) -> &mut Self {
        let output = self.command(line).output().unwrap();
        self.tell(code, line, &output)
    }

    /// Tells what a command said.
    pub fn tell(&mut self, code: i32, line: &str, output: &Output) -> &mut Self {
        let [out, err] = [&output.stdout, &output.stderr].map(|bytes| self.plain(&String::from_utf8_lossy(bytes)));
        self.told.push_str(&format!("$ secretferry {line}\n{out}"));
        if !err.is_empty() {
            self.told.push_str(&format!("[to standard error]\n{err}"));
        }
        let ended = output.status.code();
        self.told.push_str(&format!("[exit {}]\n\n", ended.unwrap_or(-1)));
        assert_eq!(ended, Some(code), "{}: {line}\n{out}\n{err}", self.name);
        self
    }

    /// Compares all that was said with what is expected.
    pub fn end(&self) {
        let told = self.told.trim_end().to_owned() + "\n";
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/expected").join(format!("{}.txt", self.name));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, &told).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        assert!(told == expected, "{}: not as expected; UPDATE=1 writes it anew. It is now:\n{told}", self.name);
        assert_eq!(faults(&told), Vec::<String>::new(), "{}", self.name);
    }

    /// What differs from run to run, replaced by something of the same width.
    pub fn plain(&self, text: &str) -> String {
        let real = fs::canonicalize(self.folder()).unwrap();
        let text = [self.folder(), &real]
            .iter()
            .fold(text.to_owned(), |text, folder| text.replace(&folder.display().to_string(), "[folder]"));
        let text = self.hidden.iter().fold(text, |text, (hidden, by)| text.replace(hidden, by));
        text.split_inclusive(|character: char| !(character.is_ascii_alphanumeric() || "-.:".contains(character)))
            .map(|word| {
                let bare = word.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
                word.replacen(bare, &steady(bare), 1)
            })
            .collect()
    }
}

/// A digest, an id or a moment as a story tells it; any other word as it is.
fn steady(word: &str) -> String {
    let all = |allowed: fn(u8) -> bool| word.bytes().all(allowed);
    let is_digest = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    match word.len() {
        8 | 32 | 64 if all(is_digest) => "x".repeat(word.len()),
        36 if all(|byte| byte.is_ascii_hexdigit() || byte == b'-') => "x".repeat(36),
        10 if all(|byte| byte.is_ascii_digit() || byte == b'-') => "YYYY-MM-DD".to_owned(),
        9 if all(|byte| byte.is_ascii_digit() || byte == b':' || byte == b'Z') => "hh:mm:ssZ".to_owned(),
        _ if is_seconds(word) => "0.0s".to_owned(),
        _ if word.contains(':') => word.split(':').map(steady).collect::<Vec<_>>().join(":"),
        _ => word.to_owned(),
    }
}

fn is_seconds(word: &str) -> bool {
    word.strip_suffix('s').is_some_and(|number| number.contains('.') && number.parse::<f64>().is_ok())
}

/// What must never be in a text that people read or that is kept here.
fn faults(told: &str) -> Vec<String> {
    let planted = [SECRET, "/tmp/", "/root/", "/home/", "panicked"];
    planted.iter().filter(|word| told.contains(**word)).map(|word| format!("it says {word}")).collect()
}

#[test]
fn a_leak_and_a_path_of_this_machine_are_noticed() {
    assert_eq!(faults("all is well"), Vec::<String>::new());
    assert_eq!(faults("error: hunter2 in /tmp/x").len(), 2);
}

#[test]
fn what_differs_from_run_to_run_is_steadied_and_the_rest_is_not() {
    let story = Story::new("none");
    let said = format!(
        "at {}/b.json, 0c88bf59 at 2026-11-23 10:35:56Z in 0.3s; cabbages deadline 12345",
        story.folder().display()
    );
    let steadied = "at [folder]/b.json, xxxxxxxx at YYYY-MM-DD hh:mm:ssZ in 0.0s; cabbages deadline 12345";
    assert_eq!(story.plain(&said), steadied);
}
