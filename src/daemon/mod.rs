//! The long-lived process: runs jobs when they are due, shares them with its like, and tells how they stand.

mod alarm;
mod board;
mod gauges;
pub mod http;
mod metrics;
pub mod notify;
mod page;
pub mod reload;
mod shelf;
pub mod systemd;
mod witness;

pub use alarm::{Alarm, Clock, CronAlarm, WallClock};
pub use board::{About, Activity, Board, JobView, LastRun, LedgerView, StoreView, View};
pub use metrics::{Exposition, Metrics};
pub use shelf::Shelf;
pub use witness::Witness;
