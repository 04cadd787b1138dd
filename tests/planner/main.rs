//! The planner: its decision table, row by row, and its laws over random worlds.

mod cases;
mod laws;
mod rows;
mod undo;
mod world;
