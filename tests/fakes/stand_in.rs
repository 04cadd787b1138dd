//! One strict stand-in as a program of its own, to try things by hand or from another language:
//! `cargo run --features real-servers --example stand_in -- azure-key-vault`.
//!
//! Prints the table of a store that leads to it and what belongs into the variable `KEY`, and ends when its input does.
//! `control.rs` says what it can be told meanwhile.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for trying things says what it has to say and stops"
)]

#[path = "cloud.rs"]
#[expect(dead_code, reason = "it is shared with the tests, which use the rest")]
mod cloud;
#[path = "mod.rs"]
#[expect(dead_code, reason = "they are shared with the tests, which use the rest")]
mod fakes;

use std::io::Read as _;

use crate::cloud::{Cloud, KINDS};

fn main() {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let Some(kind) = KINDS.into_iter().find(|kind| *kind == asked) else {
        println!("usage: stand_in {}", KINDS.join(" | "));
        std::process::exit(2);
    };
    let cloud = Cloud::start(kind);
    println!("{}\n# KEY={}", cloud.table(), cloud.key());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
