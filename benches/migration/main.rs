//! A metastore on PostgreSQL carried to a Vault, as `BENCHMARKS.md` tells: rates, exact calls and memory, beside the very same
//! requests from a client without any logic, and beside the usual Python way. Prints Markdown.
//!
//! `SIZES` says how many secrets: `SIZES="1000 10000 100000" cargo bench --bench migration`, under `tests/servers/with.sh`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench may stop at the first surprise")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its figures")]

mod bare;
mod ferry;
mod figures;
mod metastore;
mod python;
#[path = "../../tests/vault/server.rs"]
#[expect(dead_code, reason = "it is shared with the tests of Vault alone, which use the rest")]
mod server;
mod story;
mod vault;

/// How many secrets, where `SIZES` does not say.
const USUAL_SIZES: &str = "1000 10000";

/// What `tests/servers/with.sh` tells.
fn told(name: &str) -> String {
    let variable = format!("SECRETFERRY_TEST_{name}");
    std::env::var(&variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make bench`"))
}

fn main() {
    // `cargo test --all-targets` runs benches too, without this word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let sizes = std::env::var("SIZES").unwrap_or_default();
    let sizes = if sizes.trim().is_empty() { USUAL_SIZES } else { sizes.as_str() };
    let sizes: Vec<usize> = sizes.split_whitespace().map(|size| size.parse().unwrap()).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut figures = figures::Figures::default();
        for size in sizes {
            story::of_size(&mut figures, size).await;
        }
        story::of_value_sizes(&mut figures).await;
        println!("{figures}");
    });
}
