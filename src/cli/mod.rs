//! Floor 8, the commands; the only place that prints.

mod airflow_env;
mod apply;
mod args;
mod audit;
mod check;
mod console;
mod daemon;
mod demo;
mod failure;
mod history;
mod init;
mod interrupt;
mod logging;
mod metrics_file;
mod patience;
mod plan;
mod progress;
mod run;
mod schedule;
mod session;
mod show;
mod undo;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

pub use self::args::Arguments;
use self::args::{AuditCommand, Command, Global};
use self::console::Console;
use self::failure::Failure;
use self::logging::Life;

/// Runs one command line and gives the exit code of `design`: 0 well, 1 failed, 2 bad input, 3 found, 4 changes, 130 interrupted.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let Global { verbose, log_format, .. } = arguments.global;
    logging::begin(verbose, log_format, life(&arguments.command));
    let console = Console::new(&arguments.global);
    match carry_out(arguments, &console).await {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            console.failure(&failure);
            ExitCode::from(failure.exit_code)
        }
    }
}

/// Which commands end by themselves.
fn life(command: &Command) -> Life {
    match command {
        Command::Daemon => Life::Daemon,
        _ => Life::Command,
    }
}

async fn carry_out(arguments: Arguments, console: &Console) -> Result<u8, Failure> {
    let config = arguments.global.config.as_deref();
    match arguments.command {
        Command::Demo(args) => demo::demo(config, args, console).await,
        Command::Init(args) => init::init(args, console),
        Command::AirflowEnv(args) => airflow_env::airflow_env(config, args, console).await,
        Command::Check(args) => check::check(config, &args, console).await,
        Command::Plan(args) => plan::plan(config, args, console).await,
        Command::Apply(args) => apply::apply(config, args, console).await,
        Command::Daemon => daemon::daemon(config, console).await,
        Command::Undo(args) => undo::undo(config, args, console).await,
        Command::Verify(args) => verify::verify(config, args, console).await,
        Command::Schedule(args) => schedule::schedule(config, &args, console),
        Command::Show(args) => show::show(config, args, console).await,
        Command::History(args) => history::history(config, args, console).await,
        Command::Audit(args) => match args.command {
            AuditCommand::Show { run, limit } => audit::show(config, run.as_deref(), limit, console).await,
            AuditCommand::Verify => audit::verify(config, console).await,
        },
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "secretferry", &mut script);
            console::print(&String::from_utf8_lossy(&script)).map(|()| 0)
        }
    }
}
