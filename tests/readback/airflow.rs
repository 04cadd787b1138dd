//! Real Airflow, in a process of its own: what its backends read, and what its classes make of a connection.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::surroundings::{metastore_file, test_file, told};

/// The readers, by the Airflow they belong to.
pub const READERS: [&str; 3] = ["airflow-2", "airflow-3", "airflow-3-worker"];

/// How a reader looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By the backend class alone.
    Direct,
    /// As a DAG does, with an empty metastore behind the backend.
    Search,
}

/// What one reader saw of one secret.
#[derive(Debug, Clone, Deserialize)]
pub struct Seen {
    /// `connections`, `variables` or `configs`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Who looked.
    pub reader: String,
    /// For which team.
    #[serde(skip)]
    pub team: Option<&'static str>,
    /// Whether there was anything.
    pub found: bool,
    /// A connection's fields.
    #[serde(default)]
    pub fields: Option<Map<String, Value>>,
    /// The id that a connection itself tells.
    #[serde(default)]
    pub conn_id: Option<String>,
    /// A variable's or config's value.
    #[serde(default)]
    pub value: Value,
    /// What was raised.
    #[serde(default)]
    pub error: Value,
}

/// What is to be read, from where.
#[derive(Debug, Clone)]
pub struct Question {
    /// The backend's class.
    pub backend: &'static str,
    /// Its arguments.
    pub kwargs: Value,
    /// By kind, lists of ids.
    pub ids: Value,
    /// Whether there are teams, and which one asks.
    pub teams: Teams,
    /// The variables that Airflow is started with; they are then all it is told.
    pub environment: Option<BTreeMap<String, String>>,
    /// What else `readback.py` is told of a cloud; null of all other places.
    pub cloud: Value,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Teams {
    /// An Airflow without teams.
    Off,
    /// Nobody's task, in an Airflow with teams.
    Nobody,
    /// A task of this team.
    One(&'static str),
}

impl Teams {
    fn name(&self) -> Option<&'static str> {
        if let Self::One(team) = self { Some(team) } else { None }
    }
}

impl Question {
    /// Asks every one of `readers` in one mode.
    pub fn ask(&self, mode: Mode, readers: &[&str]) -> Vec<Seen> {
        self.ask_in(&[mode], readers).pop().unwrap()
    }

    /// Asks in several modes, all at the same time; an answer for each.
    pub fn ask_in(&self, modes: &[Mode], readers: &[&str]) -> Vec<Vec<Seen>> {
        let none = BTreeMap::new();
        let variables = self.environment.as_ref().unwrap_or(&none);
        let started: Vec<_> = modes
            .iter()
            .map(|mode| {
                airflows(readers)
                    .map(|airflow| start(airflow, "airflow/readback.py", &self.request(*mode, airflow), variables))
            })
            .map(Iterator::collect::<Vec<_>>)
            .collect();
        let team = self.teams.name();
        let asked = |seen| Seen { team, ..seen };
        started.into_iter().map(|processes| lines(processes, readers).into_iter().map(asked).collect()).collect()
    }

    fn request(&self, mode: Mode, airflow: Airflow) -> Value {
        let mut request = json!({
            "mode": if mode == Mode::Direct { "direct" } else { "search" },
            "backend": self.backend,
            "kwargs": self.kwargs,
            "ids": self.ids,
            "multi_team": self.teams != Teams::Off,
            "team": self.teams.name(),
            "empty_metastore": metastore_file(&format!("empty-{}.db", airflow.version())),
        });
        for (key, value) in self.cloud.as_object().into_iter().flatten() {
            request[key.as_str()] = value.clone();
        }
        // A search goes to the environment by itself.
        if mode == Mode::Search && self.environment.is_some() {
            request.as_object_mut().unwrap().remove("backend");
        }
        request
    }
}

/// What the classes of `readers` make of connections in a form, without any store; `construct.py` says which forms.
pub fn construct(request: &Value, readers: &[&str]) -> Vec<Seen> {
    let started =
        airflows(readers).map(|airflow| start(airflow, "readback/construct.py", request, &BTreeMap::new())).collect();
    lines(started, readers)
}

/// The URIs that Airflow writes for connections, by id; those without one are left out.
pub fn uris(connections: &Map<String, Value>) -> Map<String, Value> {
    let request = json!({"form": "uri", "connections": connections});
    let answer = start(Airflow::Three, "readback/construct.py", &request, &BTreeMap::new()).join().unwrap();
    answer
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|mut line| (line["id"].as_str().unwrap().to_owned(), line["uri"].take()))
        .collect()
}

/// What options are set to with an airflow.cfg and variables; null where this Airflow does not know one.
pub fn options(airflow: Airflow, airflow_cfg: &str, environment: &Value, names: &[&str]) -> Value {
    let request = json!({"airflow_cfg": airflow_cfg, "environment": environment, "options": names});
    let answer = start(airflow, "readback/options.py", &request, &BTreeMap::new()).join().unwrap();
    serde_json::from_str(&answer).unwrap()
}

/// Runs Airflow's command line on a metastore.
pub fn command(airflow: Airflow, url: &str, fernet_keys: &str, arguments: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    // Without a file Airflow writes one, with a key of its own.
    std::fs::write(home.path().join("airflow.cfg"), "[core]\n").unwrap();
    let output = Command::new(airflow.python())
        .args(["-W", "ignore", "-m", "airflow"])
        .args(arguments)
        .env("AIRFLOW_HOME", home.path())
        .env("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        .env("AIRFLOW__CORE__FERNET_KEY", fernet_keys)
        .env("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", url)
        .output()
        .unwrap();
    assert!(output.status.success(), "airflow {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// One of the two Airflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Airflow {
    /// 2.11.2.
    Two,
    /// 3.3.2.
    Three,
}

impl Airflow {
    fn version(self) -> &'static str {
        if self == Self::Two { "2.11.2" } else { "3.3.2" }
    }

    fn python(self) -> String {
        told(if self == Self::Two { "AIRFLOW_2" } else { "AIRFLOW_3" })
    }
}

/// The Airflows that readers belong to.
fn airflows(readers: &[&str]) -> impl Iterator<Item = Airflow> {
    let two = readers.contains(&"airflow-2").then_some(Airflow::Two);
    let three = readers.iter().any(|reader| reader.starts_with("airflow-3")).then_some(Airflow::Three);
    two.into_iter().chain(three)
}

/// Runs a script; its output is taken as it comes, so that it waits for nobody.
fn start(
    airflow: Airflow,
    script: &str,
    request: &Value,
    environment: &BTreeMap<String, String>,
) -> JoinHandle<String> {
    let mut process = Command::new(airflow.python())
        .arg("-B")
        .arg(test_file(script))
        .envs(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    thread::spawn(|| finish(process))
}

fn finish(process: Child) -> String {
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "Airflow's Python failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn lines(processes: Vec<JoinHandle<String>>, readers: &[&str]) -> Vec<Seen> {
    let texts: Vec<_> = processes.into_iter().map(|process| process.join().unwrap()).collect();
    let seen = texts.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str::<Seen>(line).unwrap());
    seen.filter(|seen| readers.contains(&seen.reader.as_str())).collect()
}
