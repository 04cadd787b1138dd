//! A folder in which the program runs; whatever it prints or leaves behind is searched for canaries.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::canary::Aviary;
use crate::ferry::{Ended, Running, start, start_in_shell};

/// A folder, what must not be seen, and which files are not the program's own.
pub struct Ground {
    folder: TempDir,
    /// What must not be seen.
    pub aviary: Aviary,
    ours: BTreeSet<PathBuf>,
    /// How often the program was run and searched.
    pub runs: usize,
}

impl Ground {
    /// An empty folder.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), aviary: Aviary::new(), ours: BTreeSet::new(), runs: 0 }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file that the program is given; it is not searched.
    pub fn put(&mut self, name: &str, text: &str) {
        self.disown(name);
        std::fs::write(self.folder().join(name), text).unwrap();
    }

    /// Leaves a file out of the search: it is a source, or a target.
    pub fn disown(&mut self, name: &str) {
        self.ours.insert(self.folder().join(name));
    }

    /// Runs the program and searches what it says.
    pub async fn run(&mut self, arguments: &[&str]) -> Ended {
        self.run_showing(arguments, &[]).await
    }

    /// The same, where the canaries with these names were asked for and may be printed.
    pub async fn run_showing(&mut self, arguments: &[&str], shown: &[&str]) -> Ended {
        let running = start(self.folder(), arguments);
        self.search(running, arguments, shown).await
    }

    /// Runs a line of shell in which `$0` is the program, and searches what it says.
    pub async fn run_line(&mut self, line: &str) -> Ended {
        let running = start_in_shell(self.folder(), line);
        self.search(running, &[line], &[]).await
    }

    /// Waits for the end of a run and searches what it says.
    pub async fn search(&mut self, running: Running, what: &[&str], shown: &[&str]) -> Ended {
        let seen = std::fs::read(format!("/proc/{}/cmdline", running.id())).unwrap_or_default();
        let ended = running.ended().await;
        self.runs += 1;
        assert!(ended.code.is_some() && !ended.err.contains("panicked"), "{what:?}: {ended:?}");
        for (place, text) in
            [("output", ended.out.as_bytes()), ("error", ended.err.as_bytes()), ("command line", &seen)]
        {
            let mut leaks = self.aviary.seen_in(text);
            leaks.retain(|leak| !shown.contains(&leak.as_str()));
            assert!(leaks.is_empty(), "{what:?} shows {leaks:?} in its {place}:\n{}", String::from_utf8_lossy(text));
        }
        ended
    }

    /// Every command of a config, printed for people and for machines, as talkative as it gets; then what they left behind.
    pub async fn run_all(&mut self, ids: &[&str]) {
        // The most talkative come first: they have something to do.
        for talk in [&["-vvv"][..], &["-vvv", "--json"], &["-vv", "--json"], &["-v"], &[]] {
            let commands = [&["check"][..], &["check", "--offline"], &["plan"], &["apply", "--yes"], &["apply", "-y"]];
            let more =
                [&["verify"][..], &["history"], &["audit", "show"], &["audit", "verify"], &["plan", "--exit-code"]];
            for command in commands.iter().chain(&more) {
                self.run(&[command, talk].concat()).await;
            }
            for id in ids {
                self.run(&[&["show", id], talk].concat()).await;
            }
        }
        let history = self.run(&["history", "--json"]).await;
        if history.code == Some(0) {
            let latest = history.json()["runs"][0]["run"].as_str().unwrap().to_owned();
            self.run(&["history", &latest]).await;
            self.run(&["history", &latest, "--json"]).await;
            self.run(&["audit", "show", "--run", &latest, "--json"]).await;
        }
        self.search_files();
    }

    /// Searches every file that the program left behind.
    pub fn search_files(&self) {
        let leaks = self.leaks_in_files();
        assert!(leaks.is_empty(), "files show canaries: {leaks:?}");
    }

    /// Which files show which canaries.
    pub fn leaks_in_files(&self) -> BTreeMap<PathBuf, BTreeSet<String>> {
        let files = files_below(self.folder());
        let searched = files.into_iter().filter(|file| !self.ours.contains(file));
        let leaks = searched.map(|file| {
            let name = file.display().to_string();
            let seen = [name.as_bytes(), &std::fs::read(&file).unwrap()].concat();
            (file, self.aviary.seen_in(&seen))
        });
        leaks.filter(|(_, leaks)| !leaks.is_empty()).collect()
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

/// The controls: what a program that leaks would print or leave is found.
#[tokio::test]
async fn a_planted_leak_is_found_wherever_it_lies() {
    let mut ground = Ground::new();
    let secret = ground.aviary.hatch_plain("secret");
    ground.put("given", &secret);
    ground.search_files();
    for line in ["cat given", "cat given >&2", "base64 given >&2; exit 3"] {
        let running = start_in_shell(ground.folder(), line);
        let ended = running.ended().await;
        let seen = ground.aviary.seen_in(&[ended.out.as_bytes(), ended.err.as_bytes()].concat());
        assert_eq!(seen.len(), 1, "{line}");
    }
    std::fs::create_dir(ground.folder().join("deep")).unwrap();
    std::fs::write(ground.folder().join("deep/report"), format!("x{}x", &secret[10..18])).unwrap();
    assert_eq!(ground.leaks_in_files().len(), 1);
}
