//! The documents hold what they promise: links lead somewhere, configs load, commands and options exist.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use secretferry::cli::Arguments;
use secretferry::config::parse;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document for people: those at the root, in `docs/`, and the manuals of the stores.
fn documents() -> Vec<(PathBuf, String)> {
    let mut documents = Vec::new();
    for folder in ["", "docs", "src/provider", "tests/servers"] {
        gather(&root().join(folder), folder == "src/provider", &mut documents);
    }
    assert!(documents.iter().any(|(path, _)| path.ends_with("README.md")), "the documents were not found");
    documents.into_iter().map(|path: (PathBuf, String)| path).collect()
}

fn gather(folder: &Path, deep: bool, documents: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if deep && path.is_dir() {
            gather(&path, deep, documents);
        } else if path.extension().is_some_and(|end| end == "md") {
            documents.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The blocks of a document between fences of one language, without the indent of a list.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut indent = None;
    for line in text.lines() {
        let bare = line.trim_start();
        match indent {
            None if bare == format!("```{language}") => {
                indent = Some(line.len() - bare.len());
                blocks.push(String::new());
            }
            Some(_) if bare == "```" => indent = None,
            Some(columns) => {
                let block = blocks.last_mut().unwrap();
                block.push_str(line.get(columns..).unwrap_or(bare));
                block.push('\n');
            }
            None => {}
        }
    }
    blocks
}

/// What stands behind `secretferry ` in backticks, in blocks for a shell, and in comments of configs.
fn commands(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let lines = text.lines().filter_map(|line| line.strip_prefix("$ ").or_else(|| line.strip_prefix("#   ")));
    let mut commands: Vec<_> = quoted
        .chain(lines)
        .filter_map(|piece| piece.strip_prefix("secretferry "))
        .map(|rest| rest.split("  ").next().unwrap_or_default().trim().to_owned())
        .filter(|rest| !rest.contains('\n'))
        .collect();
    commands.sort();
    commands.dedup();
    commands
}

/// Why a command is not one; placeholders are words in capitals, and `a|b` takes either.
fn refused(command: &str) -> Option<String> {
    let words = command.split_whitespace().map(|word| word.split('|').next().unwrap_or_default().trim_matches('\''));
    let answer = Arguments::try_parse_from(std::iter::once("secretferry").chain(words));
    let error = answer.err().filter(|error| error.use_stderr())?;
    Some(format!("secretferry {command}: {}", error.to_string().lines().next().unwrap_or_default()))
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    for (document, text) in documents() {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            seen += 1;
            let path = document.parent().unwrap().join(target);
            assert!(path.exists(), "{}: {link} leads nowhere", document.display());
        }
    }
    assert!(seen >= 8, "only {seen} links were found");
}

#[test]
fn every_config_in_the_readme_loads() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let configs = blocks(&readme, "toml");
    // A job that is shown alone is one of the first config's stores.
    let stores = configs[0].split("[jobs.").next().unwrap().to_owned();
    for text in configs {
        let text = if text.starts_with("[jobs.") { format!("{stores}{text}") } else { text };
        if let Err(errors) = parse(Path::new("secretferry.toml"), &text) {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            panic!("{}\n{text}", errors.join("\n"));
        }
    }
}

#[test]
fn every_command_that_is_told_of_exists() {
    let mut texts = documents();
    for entry in std::fs::read_dir(root().join("config")).unwrap() {
        let path = entry.unwrap().path();
        texts.push((path.clone(), std::fs::read_to_string(path).unwrap()));
    }
    let mut seen = 0;
    for (document, text) in texts {
        for command in commands(&text) {
            seen += 1;
            assert_eq!(refused(&command), None, "{}", document.display());
        }
    }
    assert!(seen >= 12, "only {seen} commands were found");
    assert!(refused("plann migrate").is_some() && refused("plan --colour").is_some(), "the guard can fail");
    assert_eq!(blocks("1. x\n\n   ```toml\n   a = 1\n   ```\n", "toml"), ["a = 1\n"]);
}

#[test]
fn exit_codes_are_told_the_same_everywhere() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let help = crate::story::Story::new("codes").text_of("--help").replace('\n', " ");
    for code in ["0", "1", "2", "3", "4", "130"] {
        assert!(readme.contains(&format!("| {code} |")), "README.md does not tell of {code}");
        assert!(help.contains(&format!(" {code} ")), "--help does not tell of {code}: {help}");
    }
}
