//! A stand-in to try things on by hand, from any language: `cargo run --example stand-in azure-key-vault`.
//!
//! Prints the table of the config that leads to it and the secret to log in with, and serves until standard input ends or
//! Ctrl-C is pressed. What can be done with it over the socket tells `control.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for whoever builds the tests"
)]

#[expect(dead_code, reason = "it is shared with the tests and the bench, which use the rest")]
mod cloud;
#[path = "mod.rs"]
#[expect(dead_code, reason = "they are shared with the tests, which use the rest")]
mod fakes;

use std::process::ExitCode;

use cloud::{Cloud, KINDS};

fn main() -> ExitCode {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let Some(kind) = KINDS.into_iter().find(|kind| *kind == asked) else {
        eprintln!("which one? {}", KINDS.join(", "));
        return ExitCode::from(2);
    };
    let cloud = Cloud::start(kind);
    println!("# in secretferry.toml, with KEY='{}' in the environment\n[stores.cloud]\n{}", cloud.key(), cloud.table());
    let mut nothing = String::new();
    while std::io::stdin().read_line(&mut nothing).unwrap() > 0 {}
    ExitCode::SUCCESS
}
