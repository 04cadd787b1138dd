//! The command line; its help text is the manual.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::logging::LogFormat;
use crate::model::{Field, Kind};
use crate::settings::DurationText;

/// Carries Apache Airflow connections, variables and configs from one secrets store to another.
#[derive(Debug, Parser)]
#[command(
    name = "secretferry",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 all is well · 1 the run failed as a whole · 2 bad command line or config, or a secret it refers to is missing · \
                  3 some keys failed, were blocked or quarantined, verify or check found something, or show found nothing · \
                  4 plan --exit-code found changes · 130 interrupted or declined.\n\n\
                  A first look, without any server: secretferry demo"
)]
pub struct Arguments {
    /// Settings that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EVERYWHERE: &str = "Options of every command";

/// Settings that every command takes.
#[derive(Debug, Args)]
pub struct Global {
    /// The config; else SECRETFERRY_CONFIG, ./secretferry.toml, /etc/secretferry/secretferry.toml.
    #[arg(long, short = 'c', global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    pub config: Option<PathBuf>,
    /// Print a report for machines on standard output.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// Log more to standard error: -v what is done, -vv every request, -vvv everything; never a value.
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = EVERYWHERE)]
    pub verbose: u8,
    /// Write the log for people (human) or as JSON; auto is JSON for a daemon without a terminal; SECRETFERRY_LOG_FORMAT says it too.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", env = "SECRETFERRY_LOG_FORMAT", help_heading = EVERYWHERE)]
    #[arg(hide_possible_values = true, hide_default_value = true, hide_env = true)]
    pub log_format: LogFormat,
    /// Print without colours; so does the environment variable NO_COLOR.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub no_color: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Carry an embedded sample, made by a real Airflow, to a folder of files, and prove it. Needs no server.
    Demo(Demo),
    /// Write a commented config to start from; nothing in it is a secret.
    #[command(
        after_help = "Examples:\n  secretferry init\n  secretferry init --from-airflow airflow.cfg --output secretferry.toml\n  \
                      secretferry init --from-airflow            (the AIRFLOW__… variables of this process)"
    )]
    Init(Init),
    /// Print the settings with which Airflow reads a store, and the read-only rights it needs for that.
    AirflowEnv(AirflowEnv),
    /// Check the config, then every store: reachable, allowed, token life; each finding with its remedy.
    Check(Check),
    /// Show what a job would do; writes nothing, needs read rights only, and no ledger.
    #[command(
        after_help = "Examples:\n  secretferry plan migrate\n  secretferry plan migrate --only 'prod_*' --show-fields host,port\n  \
                            secretferry plan migrate --json | jq .counts"
    )]
    Plan(Plan),
    /// Show the plan, ask, and act on exactly that plan.
    Apply(Apply),
    /// Show how to put back what an earlier run changed, ask, and do it; the target's own versions are gone back to.
    #[command(
        after_help = "A key that was changed since the run, or whose earlier version is gone, is left alone and named.\n\
                      Without a terminal and without --yes, the plan is shown and nothing is done.\n\n\
                      Examples:\n  secretferry undo latest\n  secretferry undo 3f2a9c10 --yes     (the run as `secretferry history` shows it)"
    )]
    Undo(Undo),
    /// Run jobs when they are due, until told to end; several daemons share a ledger on PostgreSQL, and the work with it.
    #[command(
        after_help = "SIGTERM and SIGINT end it once what is under way is finished; SIGHUP, and a change of the file, read the \
                      config again: one that is refused changes nothing.\nWhere it listens, its status page and its limits \
                      are said in the table [daemon] of the config."
    )]
    Daemon,
    /// Read both sides and compare them by the rules of every Airflow reader.
    Verify(Verify),
    /// Print when each job is next due, in words, in its zone and in UTC; asks no store.
    Schedule(Schedule),
    /// Show one key in every store: owner, version, fields by name with short fingerprints; never a value.
    Show(Show),
    /// List the runs, or the steps of one.
    History(History),
    /// Show or prove the hash-chained audit log.
    Audit(Audit),
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// Which job, and which part of it.
#[derive(Debug, Args)]
pub struct JobPart {
    /// The job; may be left out where the config has only one.
    pub job: Option<String>,
    /// Only this target of the job (repeat it for more); all by default, one after another.
    #[arg(long, value_name = "STORE")]
    pub target: Vec<String>,
    /// Only ids that match this glob (repeat it for more).
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,
    /// Only this kind: connections, variables or configs.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub kind: Option<Kind>,
}

/// Fields to show in clear.
#[derive(Debug, Args)]
pub struct Shown {
    /// Show these fields of connections in clear: conn_type, host, port, schema, login.
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', value_parser = shown_field)]
    pub show_fields: Vec<Field>,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where to put it; a new temporary folder by default.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Fill it from an Airflow: an airflow.cfg, a Dockerfile or a .env file; without a path, this process's AIRFLOW__ variables.
    #[arg(long, value_name = "PATH", num_args = 0..=1)]
    pub from_airflow: Option<Option<PathBuf>>,
    /// Write it to this file, which must not be there yet, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `airflow-env`.
#[derive(Debug, Args)]
pub struct AirflowEnv {
    /// The store, as the config calls it.
    pub store: String,
    /// env: variables for a shell or a container · cfg: a section of airflow.cfg · json: for machines.
    #[arg(long, value_enum, default_value_t = SettingsFormat::Env)]
    pub format: SettingsFormat,
}

/// How Airflow's settings are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SettingsFormat {
    /// Variables.
    Env,
    /// A section of airflow.cfg.
    Cfg,
    /// A JSON object.
    Json,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Only these jobs or stores; all by default.
    pub names: Vec<String>,
    /// Only the config and what it refers to; no store is asked.
    #[arg(long)]
    pub offline: bool,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// Which job.
    #[command(flatten)]
    pub part: JobPart,
    /// What to show in clear.
    #[command(flatten)]
    pub shown: Shown,
    /// Exit with 4 where there is something to do.
    #[arg(long)]
    pub exit_code: bool,
}

/// `apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// Which job.
    #[command(flatten)]
    pub part: JobPart,
    /// What to show in clear.
    #[command(flatten)]
    pub shown: Shown,
    /// Do not ask; needed where there is no terminal.
    #[arg(long, short)]
    pub yes: bool,
    /// Write how the job stands afterwards to this file, for the node exporter's textfile collector (a name in .prom).
    #[arg(long, value_name = "PATH")]
    pub metrics_file: Option<PathBuf>,
    /// Wait so long for a target that another run holds, such as 5m; otherwise that fails at once.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub retry_lock: Option<Duration>,
}

/// `undo`.
#[derive(Debug, Args)]
pub struct Undo {
    /// The run: its id, the short id that `history` shows, or `latest`.
    pub run: String,
    /// Do not ask; needed where there is no terminal.
    #[arg(long, short)]
    pub yes: bool,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Which job.
    #[command(flatten)]
    pub part: JobPart,
}

/// `schedule`.
#[derive(Debug, Args)]
pub struct Schedule {
    /// Only these jobs; all by default.
    pub jobs: Vec<String>,
    /// How many instants of each.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub next: u16,
}

/// `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The conn_id, variable key or config name.
    pub id: String,
    /// Only this kind: connections, variables or configs.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub kind: Option<Kind>,
}

/// `history`.
#[derive(Debug, Args)]
pub struct History {
    /// One run: its id, the short id that the list shows, or `latest`.
    pub run: Option<String>,
    /// How many runs to list.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub limit: u32,
}

/// `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// What to do with the log.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show its rows, the latest last.
    Show {
        /// Only this run's: its id, the short id that `history` shows, or `latest`.
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// How many rows.
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
    },
    /// Prove the chain from its first row to its head, and print the head.
    Verify,
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = DurationText::parse(text).map(|duration| duration.0);
    duration.ok_or_else(|| "expected a whole number and a unit, such as 30s, 5m or 1h".to_owned())
}

fn kind(word: &str) -> Result<Kind, String> {
    Kind::parse(word).ok_or_else(|| "expected connections, variables or configs".to_owned())
}

/// Fields that may hold no secret by their nature; a password or an extra is never shown.
const SHOWABLE: [Field; 5] = [Field::ConnType, Field::Host, Field::Port, Field::Schema, Field::Login];

fn shown_field(word: &str) -> Result<Field, String> {
    match Field::parse(word) {
        Some(field) if SHOWABLE.contains(&field) => Ok(field),
        Some(_) => Err("this field may hold a secret and is never shown".to_owned()),
        None => Err("expected some of conn_type, host, port, schema, login".to_owned()),
    }
}
