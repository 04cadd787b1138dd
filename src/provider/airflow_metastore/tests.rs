//! The provider over SQLite files in every shape Airflow gave them; PostgreSQL is proved in `tests/metastore`.

mod fixture;
mod reading;
mod refusing;
