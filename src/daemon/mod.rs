//! The long-lived process: runs jobs when they are due, shares them with its like, and tells how they stand.

mod board;
pub mod notify;
mod shelf;

pub use board::{About, Activity, Board, JobView, LastRun, LedgerView, StoreView, View};
pub use shelf::Shelf;
