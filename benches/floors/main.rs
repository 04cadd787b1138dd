//! The floors by themselves, as `BENCHMARKS.md` tells: planning, parsing and rendering, the ledger on both databases. Prints Markdown.
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod forms;
mod ledger;
mod planning;

use std::time::{Duration, Instant};

fn main() {
    // `cargo test --all-targets` runs benches too, without this word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("{}", planning::measured());
    println!("{}", forms::measured());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("{}", runtime.block_on(ledger::measured()));
}

/// The quickest of several times: whatever else the machine does can only slow it down.
fn quickest(times: usize, mut work: impl FnMut()) -> Duration {
    let once = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..times).map(once).min().unwrap_or_default()
}
