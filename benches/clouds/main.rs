//! Secrets carried from a file to the stores of the clouds, as `BENCHMARKS.md` tells: exact calls, and rates against a strict
//! stand-in without latency, the same with 20 ms a request, and for AWS moto. Our own pace is lifted: it would be all that
//! is measured.
//!
//! `SIZES` says how many secrets: `SIZES="1000 10000" cargo bench --bench clouds`, under `tests/servers/with.sh`. Prints Markdown.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench may stop at the first surprise")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../../tests/fakes/cloud.rs"]
#[expect(dead_code, reason = "it is shared with the tests, which uses the rest")]
mod cloud;
#[path = "../../tests/fakes/mod.rs"]
#[expect(dead_code, reason = "they are shared with the tests, which use the rest")]
mod fakes;
#[path = "../../tests/aws/ferry.rs"]
#[expect(dead_code, reason = "it is shared with the tests, which use the rest")]
mod ferry;
#[path = "../../tests/aws/moto.rs"]
#[expect(dead_code, reason = "it is shared with the tests, which use the rest")]
mod moto;
mod servers;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::cloud::KINDS;
use crate::ferry::Ferry;
use crate::servers::Server;

/// How many secrets, where `SIZES` does not say.
const USUAL_SIZES: &str = "1000 10000";
/// What a request in the same region takes, about.
const NEARBY: Duration = Duration::from_millis(20);

fn main() {
    // `cargo test --all-targets` runs benches too, without this word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let sizes = std::env::var("SIZES").unwrap_or_default();
    let sizes = if sizes.trim().is_empty() { USUAL_SIZES } else { sizes.as_str() };
    println!("| secrets | store | server | run | time | secrets/s | requests/s | requests, exact |");
    println!("|---:|---|---|---|---:|---:|---:|---|");
    for size in sizes.split_whitespace().map(|size| size.parse().unwrap()) {
        for kind in KINDS {
            let stand_ins = [Duration::ZERO, NEARBY].map(|latency| Server::stand_in(kind, latency));
            for server in stand_ins.into_iter().chain(Server::moto(kind)) {
                measure(&server, kind, size);
            }
        }
    }
}

/// A first run and an idle one.
fn measure(server: &Server, kind: &str, size: usize) {
    let target = server.table();
    let source = "kind = 'local-files'\nvariables-file = 'variables.json'";
    let stores = [("source", source), ("target", target.as_str())];
    let ferry = Ferry::new(&stores, &[("job", "source", "target")], "kinds = ['variables']").with_key(server.key());
    let variables: BTreeMap<String, String> =
        (0..size).map(|number| (format!("key-{number:06}"), format!("value {number}").repeat(8))).collect();
    std::fs::write(ferry.path("variables.json"), json!(variables).to_string()).unwrap();
    for (run, outcome) in [("first", "created"), ("idle", "kept")] {
        server.counts();
        let begun = Instant::now();
        let report = ferry.run(&["apply", "--yes"], 0);
        let took = begun.elapsed().as_secs_f64();
        assert_eq!(report["counts"][outcome], size, "{:#}", report["counts"]);
        let counts = server.counts();
        let requests: u64 = counts.values().sum();
        let exact: Vec<_> = counts.iter().map(|(call, count)| format!("{} {count}", short(call))).collect();
        println!(
            "| {size} | {} | {} | {run} | {took:.2} s | {:.0} | {:.0} | {} |",
            kind,
            server.name(),
            size as f64 / took,
            requests as f64 / took,
            exact.join(", "),
        );
    }
}

fn short(operation: &str) -> &str {
    operation.rsplit('.').next().unwrap_or(operation)
}
