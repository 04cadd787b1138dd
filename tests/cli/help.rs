//! The manual: `--help` of the program and of every command, and what is said of a command line that is wrong.

use clap::CommandFactory as _;
use secretferry::cli::Arguments;

use crate::story::Story;

#[test]
fn every_command_explains_itself() {
    let mut story = Story::new("help");
    story.run(0, "--help");
    for command in commands(&Arguments::command(), "") {
        story.run(0, &format!("{command} --help"));
    }
    story.end();
}

/// Every command and those below it, so that none is forgotten here.
fn commands(above: &clap::Command, path: &str) -> Vec<String> {
    above
        .get_subcommands()
        .flat_map(|command| {
            let own = format!("{path} {}", command.get_name()).trim_start().to_owned();
            let below = commands(command, &own);
            std::iter::once(own).chain(below)
        })
        .collect()
}

#[test]
fn a_wrong_command_line_is_refused_with_what_to_write() {
    let mut story = Story::new("command-line");
    story.file(
        "secretferry.toml",
        "[stores.a]\nkind = \"local-files\"\nvariables-file = \"a.json\"\n\
         [stores.b]\nkind = \"local-files\"\nvariables-file = \"b.json\"\n\
         [jobs.first]\nsource = \"a\"\ntarget = \"b\"\nkinds = [\"variables\"]\ninclude = [\"x_*\"]\n\
         [jobs.second]\nsource = \"a\"\ntarget = \"b\"\nkinds = [\"variables\"]\ninclude = [\"y_*\"]\n",
    );
    story.run(2, "pln").run(2, "plan --kind conections").run(2, "plan first --only [");
    story.run(2, "plan first --show-fields password").run(2, "plan first --show-fields hots");
    story.run(2, "plan").run(2, "plan frist").run(2, "check scond").run(2, "check whatever");
    story.run(2, "apply first").run(2, "demo --config secretferry.toml");
    story.end();
}

#[test]
fn completions_are_made_for_every_shell() {
    let story = Story::new("completions");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = story.command(&format!("completions {shell}")).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("show-fields"), "{shell}: {script}");
    }
}
