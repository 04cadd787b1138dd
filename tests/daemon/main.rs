//! The daemon: when it runs what, whom it tells, and how it is asked from outside, on sockets of this machine; needs no server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod access;
mod api;
mod ask;
#[path = "../fakes/authority.rs"]
#[expect(dead_code, reason = "it is shared with the fakes, which serve with it")]
mod authority;
mod inbox;
mod instants;
mod limits;
mod metrics;
mod notices;
mod patterns;
mod receivers;
mod reload;
mod service;
mod simulated;
mod simulation;
mod tls;
mod turns;
