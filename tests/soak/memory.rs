//! A process's memory, read from outside while it stands still.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

/// A process of ours.
#[derive(Debug, Clone, Copy)]
pub struct Process(pub u32);

/// What is found of the canaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How many of them are there at all.
    pub canaries: usize,
    /// How often they are there, taken together.
    pub copies: usize,
}

/// What every canary begins with; its number follows, in four digits.
pub const CANARY: &str = "canary/";
const DIGITS: usize = 4;

/// The canary of a number: nobody else has it.
pub fn canary(number: usize) -> String {
    format!("{CANARY}{number:04}/0p3n-s3s4m3")
}

/// The longest wait for a process to do something.
const PATIENCE: usize = 600;

impl Process {
    /// Waits for the descendant of this process that runs the program at `path`.
    pub async fn running(self, path: &str) -> Self {
        for _ in 0..PATIENCE {
            let found = self.descendants().into_iter().find(|process| {
                let program = fs::read_link(format!("/proc/{}/exe", process.0));
                program.is_ok_and(|program| program.ends_with(path))
            });
            match found {
                Some(process) => return process,
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("{path} does not run below {self:?}");
    }

    fn descendants(self) -> Vec<Self> {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.0)).unwrap_or_default();
        let children = children.split_whitespace().map(|id| Self(id.parse().unwrap()));
        std::iter::once(self).chain(children.flat_map(Self::descendants)).collect()
    }

    /// Waits until it is held at its very last call, `exit_group`, and says with which exit code.
    pub async fn about_to_exit(self) -> i32 {
        for _ in 0..PATIENCE {
            let call = fs::read_to_string(format!("/proc/{}/syscall", self.0)).unwrap_or_default();
            // Its number on x86-64 and on 64-bit ARM.
            if let Some(arguments) = ["231 0x", "94 0x"].iter().find_map(|number| call.strip_prefix(number)) {
                return i32::from_str_radix(arguments.split(' ').next().unwrap(), 16).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{self:?} does not come to its end");
    }

    /// Counts canaries in all of its memory that can be read.
    pub fn canaries(self) -> Found {
        let maps = fs::read_to_string(format!("/proc/{}/maps", self.0)).unwrap();
        let memory = File::open(format!("/proc/{}/mem", self.0)).unwrap();
        let (mut canaries, mut copies) = (BTreeSet::new(), 0);
        for map in maps.lines().filter(|map| map.split(' ').nth(1).is_some_and(|rights| rights.starts_with('r'))) {
            let (begin, end) = map.split(' ').next().unwrap().split_once('-').unwrap();
            let [begin, end] = [begin, end].map(|address| u64::from_str_radix(address, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(end - begin).unwrap()];
            // What the kernel keeps for itself, such as `[vvar]`, cannot be read this way.
            let Ok(()) = memory.read_exact_at(&mut bytes, begin) else { continue };
            for number in numbers(&bytes) {
                canaries.insert(number);
                copies += 1;
            }
        }
        Found { canaries: canaries.len(), copies }
    }
}

/// The numbers of the canaries in `bytes`.
fn numbers(bytes: &[u8]) -> Vec<usize> {
    let first = CANARY.as_bytes()[0];
    let places = (0..bytes.len()).filter(|at| bytes[*at] == first);
    let number = |at: usize| {
        let digits = bytes[at..].strip_prefix(CANARY.as_bytes())?.get(..DIGITS)?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    places.filter_map(number).collect()
}
