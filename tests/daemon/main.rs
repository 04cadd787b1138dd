//! The daemon: what it does when, and how it tells of it. Hermetic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod instants;
mod patterns;
mod turns;
