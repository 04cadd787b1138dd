//! The built program, run as a user runs it: with arguments, an environment of its own, signals and a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PROGRAM: &str = env!("CARGO_BIN_EXE_secretferry");
const PATIENCE: Duration = Duration::from_secs(90);

/// The program at work.
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    out: Heard,
    err: Heard,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Collects a stream.
struct Heard {
    text: watch::Sender<String>,
    reading: JoinHandle<()>,
}

/// Starts the program in `folder` with nothing of our own environment.
pub fn start(folder: &Path, arguments: &[&str]) -> Running {
    launch(PROGRAM, folder, arguments)
}

/// Starts it on a terminal, which `script` plays.
pub fn start_on_terminal(folder: &Path, arguments: &[&str]) -> Running {
    let line = format!("{PROGRAM} {}", arguments.join(" "));
    launch("script", folder, &["-qefc", &line, "/dev/null"])
}

/// Starts a line of shell in which `$0` is the program.
pub fn start_in_shell(folder: &Path, line: &str) -> Running {
    launch("sh", folder, &["-c", line, PROGRAM])
}

fn launch(program: &str, folder: &Path, arguments: &[&str]) -> Running {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let input = child.stdin.take();
    let out = Heard::to(child.stdout.take().unwrap());
    let err = Heard::to(child.stderr.take().unwrap());
    Running { child, input, out, err }
}

impl Heard {
    fn to(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let text = watch::Sender::<String>::default();
        let heard = text.clone();
        let reading = tokio::spawn(async move {
            let mut bytes = Vec::new();
            while stream.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {
                heard.send_replace(String::from_utf8_lossy(&bytes).into_owned());
            }
        });
        Self { text, reading }
    }

    async fn hears(&self, words: &str) {
        let mut text = self.text.subscribe();
        let heard = timeout(PATIENCE, text.wait_for(|text| text.contains(words))).await;
        let heard = matches!(heard, Ok(Ok(_)));
        assert!(heard, "never said: {words}\nsaid: {}", self.text.borrow().as_str());
    }

    async fn whole(self) -> String {
        self.reading.await.unwrap();
        self.text.borrow().clone()
    }
}

impl Running {
    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Waits until it has printed some words.
    pub async fn says(&self, words: &str) {
        self.out.hears(words).await;
    }

    /// Waits until it has told some words on standard error.
    pub async fn tells(&self, words: &str) {
        self.err.hears(words).await;
    }

    /// Types a line.
    pub async fn types(&mut self, line: &str) {
        self.input.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
    }

    /// Sends it a signal.
    pub async fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Ends it with SIGKILL, and waits until it is gone.
    pub async fn kill(self) -> Ended {
        self.signal("KILL").await;
        self.ended().await
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Ended {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let Ok(status) = status else {
            panic!(
                "it does not end\nout: {}\nerr: {}",
                self.out.text.borrow().as_str(),
                self.err.text.borrow().as_str()
            )
        };
        drop(self.input.take());
        let (out, err) = (self.out.whole().await, self.err.whole().await);
        Ended { code: status.unwrap().code(), out, err }
    }
}

impl Ended {
    /// Its report for machines.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no report ({error}): {self:?}"))
    }

    /// Insists on the exit code.
    #[track_caller]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Insists on words of standard error.
    #[track_caller]
    pub fn telling(self, words: &[&str]) -> Self {
        for words in words {
            assert!(self.err.contains(words), "{words} is not told: {self:?}");
        }
        self
    }

    /// Insists on the exit code and on how many keys of the run ended how; each key ends once.
    #[track_caller]
    pub fn with_outcomes(self, code: i32, expected: &[(&str, u64)]) -> Self {
        let this = self.with_code(code);
        let report = this.json();
        let outcomes = report["outcomes"].as_array().unwrap();
        let names: BTreeSet<String> = outcomes.iter().map(|line| line["name"].to_string()).collect();
        assert_eq!(names.len(), outcomes.len(), "a key has two outcomes: {report:#}");
        let mut counted = BTreeMap::new();
        for line in outcomes {
            *counted.entry(line["outcome"].as_str().unwrap()).or_default() += 1;
        }
        let expected: BTreeMap<&str, u64> = expected.iter().copied().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, expected, "{report:#}\n{}", this.err);
        let told = report["counts"].as_object().unwrap();
        let told = told.iter().map(|(outcome, count)| (outcome.as_str(), count.as_u64().unwrap()));
        assert_eq!(told.filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>(), counted, "the counts lie");
        this
    }

    /// The outcome, reason and detail of one key of the run, or the action, reason and detail of a plan's step.
    #[track_caller]
    pub fn of(&self, id: &str) -> (String, String, String) {
        let report = self.json();
        let lines = report["outcomes"].as_array().or(report["steps"].as_array()).unwrap();
        let line = lines.iter().find(|line| line["name"]["id"] == id).unwrap_or_else(|| panic!("{id}: {report:#}"));
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        (if line["outcome"].is_null() { text("action") } else { text("outcome") }, text("reason"), text("detail"))
    }
}
