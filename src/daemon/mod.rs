//! The long-lived process: runs jobs when they are due, shares them with its like, and tells how they stand.

mod alarm;
mod board;
mod checks;
mod error;
mod gauges;
pub mod http;
mod keeper;
mod life;
mod metrics;
pub mod notify;
mod page;
mod process;
pub mod reload;
mod runner;
mod scheduler;
mod setup;
mod shelf;
mod show;
mod signals;
pub mod systemd;
mod teller;
mod witness;

pub use alarm::{Alarm, Clock, CronAlarm, WallClock};
pub use board::{About, Activity, Board, JobView, LastRun, LedgerView, StoreView, View};
pub use error::DaemonError;
pub use life::{End, live};
pub use metrics::{Exposition, Metrics, job_metrics};
pub use runner::{Carrier, Due, Ended};
pub use scheduler::Scheduler;
pub use setup::{Leg, Setup};
pub use shelf::Shelf;
pub use teller::Teller;
pub use witness::Witness;
