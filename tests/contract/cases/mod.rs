//! Every promise of the contract, by what it is about.

/// Declares the cases of a file: the promise and the function that tests it.
macro_rules! cases {
    ($($name:literal => $run:ident),+ $(,)?) => {
        /// The cases of this file.
        pub const CASES: &[crate::suite::Case] =
            &[$(crate::suite::Case { name: $name, run: |site| Box::pin($run(site)) }),+];
    };
}

mod delete;
mod expect;
mod faults;
mod limits;
mod list;
mod marks;
mod names;
mod read;
mod troubles;
mod write;

/// All cases, in the order of the report.
pub fn all() -> impl Iterator<Item = &'static crate::suite::Case> {
    [
        list::CASES,
        read::CASES,
        write::CASES,
        expect::CASES,
        delete::CASES,
        marks::CASES,
        limits::CASES,
        names::CASES,
        faults::CASES,
        troubles::CASES,
    ]
    .into_iter()
    .flatten()
}
