//! What `strace` is asked: to count the calls of a clean run, and to strike at one of them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::ferry::{Ended, start_in_shell};

/// Calls after which the world outside the process is another one: files, locks and sockets.
const CHANGING: &[&str] = &[
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "openat",
    "close",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "link",
    "linkat",
    "mkdir",
    "chmod",
    "fchmod",
    "fchown",
    "flock",
    "fcntl",
    "connect",
    "sendto",
    "sendmsg",
    "shutdown",
];

/// Calls in which a thread waits for another: their number is chance.
const WAITING: &[&str] = &["futex", "epoll_wait", "epoll_pwait", "sched_yield", "clock_nanosleep", "restart_syscall"];

/// Some calls of one kind, on one file or wherever they go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The file; `None` for all calls of the kind.
    pub path: Option<String>,
    /// The kind.
    pub call: String,
}

/// One call: the first of a thread's that has this number. `strace` counts within each thread.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Which calls are counted.
    pub site: Site,
    /// From 1.
    pub number: usize,
}

/// How many calls of each site every thread made.
#[derive(Debug, Default)]
pub struct Counts(BTreeMap<Site, BTreeMap<String, usize>>);

/// How an attempt to strike went.
#[derive(Debug)]
pub struct Struck {
    /// How the program ended.
    pub ended: Ended,
    /// Whether it was struck, by `strace`'s own account.
    pub happened: bool,
    /// The most calls of the site that one thread made.
    pub reached: usize,
}

/// Runs the program under `strace`; one worker thread, so that what a thread does is always the same.
pub async fn traced(folder: &Path, arguments: &[&str], options: &str) -> (Ended, String) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let line = format!(
        "TOKIO_WORKER_THREADS=1 exec strace -f -qq -o {} {options} \"$0\" {}",
        log.path().display(),
        arguments.join(" ")
    );
    let ended = start_in_shell(folder, &line).ended().await;
    (ended, std::fs::read_to_string(log.path()).unwrap_or_default())
}

/// Counts the calls of a clean run.
pub async fn counted(folder: &Path, arguments: &[&str]) -> (Ended, Counts) {
    let (ended, log) = traced(folder, arguments, "-y -s 0").await;
    (ended, Counts::of(&log, folder))
}

/// How often a deed is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// At the point only.
    Once,
    /// At the point and whenever the call is made after it.
    FromThenOn,
}

/// Runs the program and does `deed` to it at `point`.
pub async fn strike(folder: &Path, arguments: &[&str], point: &Point, deed: &str, times: Times) -> Struck {
    let Site { path, call } = &point.site;
    let path = path.as_ref().map(|path| format!("-P {path}")).unwrap_or_default();
    let on = if times == Times::FromThenOn { "+" } else { "" };
    let options = format!("{path} -s 0 -e trace={call} -e inject={call}:{deed}:when={}{on}", point.number);
    let (ended, log) = traced(folder, arguments, &options).await;
    let mut threads: BTreeMap<&str, usize> = BTreeMap::new();
    for (thread, _) in log.lines().filter_map(begun) {
        *threads.entry(thread).or_default() += 1;
    }
    let reached = threads.into_values().max().unwrap_or_default();
    let happened = log.contains("+++ killed by SIGKILL +++") || log.contains("(INJECTED)");
    Struck { ended, happened, reached }
}

/// The thread, and the call that begins in this line of a log.
fn begun(line: &str) -> Option<(&str, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let rest = rest.trim_start();
    let is_call = rest.starts_with(|first: char| first.is_ascii_lowercase()) && rest.contains('(');
    is_call.then_some((thread, rest))
}

impl Counts {
    fn of(log: &str, folder: &Path) -> Self {
        let mut counts = Self::default();
        for (thread, rest) in log.lines().filter_map(begun) {
            let (call, arguments) = rest.split_once('(').unwrap();
            let mut count = |path: Option<&str>| {
                let site = Site { path: path.map(str::to_owned), call: call.to_owned() };
                *counts.0.entry(site).or_default().entry(thread.to_owned()).or_default() += 1;
            };
            count(None);
            if let Some(path) = path_of(arguments).filter(|path| Path::new(path).starts_with(folder)) {
                count(Some(path));
            }
        }
        counts
    }

    /// The points of the calls that change something outside: on files each by itself, on sockets by their kind.
    pub fn changing(&self) -> Vec<Point> {
        let own = |site: &Site| match &site.path {
            Some(path) => !path.ends_with("/airflow.db"),
            None => ["connect", "sendto", "sendmsg", "writev", "shutdown"].contains(&site.call.as_str()),
        };
        self.points(|site| CHANGING.contains(&site.call.as_str()) && own(site))
    }

    /// The points of all calls of the process but those that only wait.
    pub fn all(&self) -> Vec<Point> {
        // The first call is not yet the program's: it is what starts it.
        let own = |call: &str| call != "execve" && !WAITING.contains(&call);
        let everywhere = self.points(|site| site.path.is_none() && own(&site.call));
        self.changing().into_iter().chain(everywhere).collect()
    }

    fn points(&self, wanted: impl Fn(&Site) -> bool) -> Vec<Point> {
        let sites = self.0.iter().filter(|(site, _)| wanted(site));
        let points = sites.flat_map(|(site, threads)| {
            let most = threads.values().copied().max().unwrap_or_default();
            (1..=most).map(|number| Point { site: site.clone(), number })
        });
        points.collect()
    }
}

/// The file that a call is about: that of its descriptor, else the first one named.
fn path_of(arguments: &str) -> Option<&str> {
    let of_descriptor = || {
        let (number, rest) = arguments.split_once('<')?;
        number.parse::<u32>().ok()?;
        rest.split_once('>').map(|(path, _)| path)
    };
    let named = || arguments.split('"').nth(1);
    of_descriptor().or_else(named).filter(|path| path.starts_with('/'))
}
