//! The long-lived process: runs jobs when they are due, shares them with its like, and tells how they stand.

mod board;
<<<<<<< HEAD
pub mod notify;
=======
mod gauges;
pub mod http;
mod metrics;
mod page;
>>>>>>> main
mod shelf;

pub use board::{About, Activity, Board, JobView, LastRun, LedgerView, StoreView, View};
pub use metrics::{Exposition, Metrics};
pub use shelf::Shelf;
