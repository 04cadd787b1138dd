//! The figures, and how they are printed: tables in Markdown, each aim beside what was measured.

use std::fmt;
use std::time::Duration;

use crate::ferry::Took;
use crate::python::ByHand;
use crate::story::rate;
use crate::vault::Calls;

/// Everything measured.
#[derive(Default)]
pub struct Figures {
    lines: Vec<Line>,
    value_sizes: Vec<(usize, u64, u64)>,
}

/// One run of the program beside the others.
pub struct Line {
    size: usize,
    run: &'static str,
    secrets: usize,
    ours: Took,
    bare: Duration,
    calls: Calls,
    python: Option<ByHand>,
}

impl Line {
    /// A run over `secrets` of `size`, and the bare client's time for the same requests.
    pub fn new(size: usize, run: &'static str, secrets: usize, ours: Took, bare: Duration) -> Self {
        Self { size, run, secrets, ours, bare, calls: Calls::new(), python: None }
    }

    /// What the run asked of Vault.
    pub fn with_calls(self, calls: Calls) -> Self {
        Self { calls, ..self }
    }

    /// The usual way's figures.
    pub fn with_python(self, python: ByHand) -> Self {
        Self { python: Some(python), ..self }
    }

    /// How much of the bare client's rate we reach.
    fn share(&self) -> f64 {
        self.bare.as_secs_f64() / self.ours.time.as_secs_f64()
    }
}

impl Figures {
    /// Adds one run; it is told of at once, since the whole takes minutes.
    pub fn add(&mut self, line: Line) {
        eprintln!("{} secrets, {}: {:.2?}, bare {:.2?}", line.size, line.run, line.ours.time, line.bare);
        self.lines.push(line);
    }

    /// Adds the peaks of a first and an idle run over values of `size` bytes.
    pub fn add_value_size(&mut self, size: usize, first: u64, idle: u64) {
        self.value_sizes.push((size, first, idle));
    }

    /// The middle one of the runs over a size, by the share of the bare client's rate.
    fn middle(&self) -> Vec<&Line> {
        let mut kinds: Vec<(usize, &str)> = Vec::new();
        for line in &self.lines {
            if !kinds.contains(&(line.size, line.run)) {
                kinds.push((line.size, line.run));
            }
        }
        let middle = |(size, run)| {
            let mut lines: Vec<_> = self.lines.iter().filter(|line| (line.size, line.run) == (size, run)).collect();
            lines.sort_by(|one, other| one.share().total_cmp(&other.share()));
            lines[lines.len() / 2]
        };
        kinds.into_iter().map(middle).collect()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.middle();
        writeln!(f, "| secrets | run | time | secrets/s | bare client | share of its rate | peak memory |")?;
        writeln!(f, "|---:|---|---:|---:|---:|---:|---:|")?;
        for line in &lines {
            let (size, run, share) = (line.size, line.run, percent(line.share()));
            let (ours, bare) = (rate(line.secrets, line.ours.time), rate(line.secrets, line.bare));
            let (time, peak) = (line.ours.time.as_secs_f64(), megabytes(line.ours.peak));
            writeln!(f, "| {size} | {run} | {time:.2} s | {ours:.0} | {bare:.0} | {share} | {peak} |")?;
        }
        writeln!(f, "\n| secrets | run | requests to the mount, exact | value reads |\n|---:|---|---|---:|")?;
        for line in &lines {
            let calls: Vec<_> = line.calls.iter().map(|(call, count)| format!("{call} {count}")).collect();
            let reads = line.calls.get("GET data").copied().unwrap_or_default();
            writeln!(f, "| {} | {} | {} | {reads} |", line.size, line.run, calls.join(", "))?;
        }
        writeln!(f, "\n| secrets | usual way, secrets/s | its peak memory | ours without marks, secrets/s | ratio |")?;
        writeln!(f, "|---:|---:|---:|---:|---:|")?;
        for (line, python) in lines.iter().filter_map(|line| Some((line, line.python.as_ref()?))) {
            let (theirs, ours) = (rate(python.secrets, python.took), rate(line.secrets, line.ours.time));
            let peak = megabytes(python.peak);
            writeln!(f, "| {} | {theirs:.0} | {peak} | {ours:.0} | {:.1} × |", line.size, ours / theirs)?;
        }
        writeln!(f, "\n| bytes a value | peak memory, first | idle |\n|---:|---:|---:|")?;
        for (size, first, idle) in &self.value_sizes {
            writeln!(f, "| {size} | {} | {} |", megabytes(*first), megabytes(*idle))?;
        }
        Ok(())
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
