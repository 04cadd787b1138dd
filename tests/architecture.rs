//! Holds the tree to its own map: floors, neighbours, file heads, file length, the map itself and forgotten tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const LONGEST: usize = 400;

/// A source file: its path below the root, with `/`, and its text.
type Source = (String, String);

#[test]
fn the_tree_is_as_its_map_says() {
    let sources = load(Path::new(env!("CARGO_MANIFEST_DIR")));
    let faults = faults(&sources);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_rule_catches_a_planted_fault() {
    let tree = |extra: &[(&str, &str)]| {
        let lib = "//! The crate.\n//!\n//! ```text\n//! model/     FLOOR 0  words\n//!   name.rs    names\n\
                   //! naming/    FLOOR 1  spelling\n//!   rule.rs    rules\n//! provider/  FLOOR 3  stores\n//! ```\n\
                   pub mod model;\n";
        let mut sources: BTreeMap<String, String> = [
            ("src/lib.rs", lib),
            ("src/model/name.rs", "//! N.\n"),
            ("src/naming/rule.rs", "//! R.\nuse crate::model::Name;\n"),
            ("src/provider/vault/mod.rs", "//! V.\nuse crate::naming::Rule;\n"),
            ("src/provider/memory/mod.rs", "//! M.\n"),
        ]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
        for (path, text) in extra {
            sources.insert((*path).to_owned(), (*text).to_owned());
        }
        sources.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(faults(&tree(&[])), Vec::<String>::new());
    let long = "//! L.\n".repeat(LONGEST + 1);
    let planted: &[(&str, &str, &str)] = &[
        ("src/model/name.rs", "//! N.\nuse crate::naming::Rule;\n", "upwards"),
        ("src/model/name.rs", "//! N.\nfn f() { crate::provider::open(); }\n", "upwards"),
        ("src/model/name.rs", "//! N.\nuse super::super::naming::Rule;\n", "upwards"),
        ("src/model/name.rs", "//! N.\nmod tests {\n    use super::super::super::naming::Rule;\n}\n", "upwards"),
        ("src/provider/vault/mod.rs", "//! V.\nuse crate::provider::memory::Memory;\n", "neighbour"),
        ("src/provider/vault/mod.rs", "//! V.\nuse super::memory::Memory;\n", "neighbour"),
        ("src/model/name.rs", "use std::fmt;\n", "//!"),
        ("src/model/name.rs", &long, "lines"),
        ("src/model/value.rs", "//! V.\n", "not in the map"),
        ("src/model/utils.rs", "//! U.\n", "no noun"),
        ("src/attic/old.rs", "//! O.\n", "not in the map"),
        ("tests/forgotten/extra.rs", "//! F.\n#[test]\nfn t() {}\n", "no test binary"),
    ];
    for (path, text, expected) in planted {
        let found = faults(&tree(&[(path, text)]));
        assert!(found.iter().any(|fault| fault.contains(expected)), "{path}: {expected} not among {found:?}");
    }
}

fn faults(sources: &[Source]) -> Vec<String> {
    let map = Map::parse(sources);
    let mut faults = map.faults(sources);
    for source in sources {
        faults.extend(head(source).into_iter().chain(length(source)).chain(noun(source)));
        faults.extend(imports(source, &map));
    }
    faults.extend(forgotten_tests(sources));
    faults
}

/// The map at the head of `lib.rs`: rooms with their floors, and the files in them.
struct Map {
    floors: BTreeMap<String, u32>,
    files: BTreeSet<String>,
}

impl Map {
    fn parse(sources: &[Source]) -> Self {
        let (mut floors, mut files, mut room) = (BTreeMap::new(), BTreeSet::new(), String::new());
        let head = sources.iter().find(|(path, _)| path == "src/lib.rs").map_or("", |(_, text)| text);
        let block = head.split("//! ```").nth(1).unwrap_or_default();
        for line in block.lines().filter_map(|line| line.strip_prefix("//! ")) {
            let mut words = line.split_whitespace();
            let Some(entry) = words.next() else { continue };
            if line.starts_with(' ') {
                files.insert(format!("src/{room}/{entry}"));
            } else {
                room = entry.trim_end_matches('/').trim_end_matches(".rs").to_owned();
                let floor = words.nth(1).and_then(|word| word.parse().ok()).unwrap_or(u32::MAX);
                floors.insert(room.clone(), floor);
                if entry.ends_with(".rs") {
                    files.insert(format!("src/{entry}"));
                }
            }
        }
        Self { floors, files }
    }

    /// Every file is in the map, and everything in the map is there.
    fn faults(&self, sources: &[Source]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for path in sources.iter().map(|(path, _)| path).filter(|path| path.starts_with("src/")) {
            let entry = mapped_as(path);
            if matches!(path.as_str(), "src/lib.rs" | "src/main.rs") || is_front_door(path) {
                continue;
            }
            let known = self.files.contains(&entry) || entry.ends_with('/') && self.is_provider(&entry);
            if !known {
                faults.push(format!("{path}: not in the map at the head of src/lib.rs (as {entry})"));
            }
            seen.insert(entry);
        }
        let gone = self.files.iter().filter(|file| !seen.contains(*file));
        faults.extend(gone.map(|file| format!("{file}: in the map, but not in the tree")));
        faults
    }

    fn is_provider(&self, entry: &str) -> bool {
        entry.starts_with("src/provider/") && self.floors.contains_key("provider")
    }
}

/// A room's own `mod.rs`; the room's line in the map stands for it.
fn is_front_door(path: &str) -> bool {
    path.split('/').count() == 3 && path.ends_with("/mod.rs")
}

/// What the map calls a file: itself, or the folder two levels down that it lies in.
fn mapped_as(path: &str) -> String {
    let parts: Vec<_> = path.split('/').collect();
    match parts.as_slice() {
        ["src", room, folder, .., _] if parts.len() > 3 => format!("src/{room}/{folder}/"),
        _ => path.to_owned(),
    }
}

fn head((path, text): &Source) -> Option<String> {
    (!text.starts_with("//! ")).then(|| format!("{path}: does not open with //! and one sentence"))
}

fn length((path, text): &Source) -> Option<String> {
    let lines = text.lines().count();
    (lines > LONGEST).then(|| format!("{path}: {lines} lines, at most {LONGEST}"))
}

fn noun((path, _): &Source) -> Option<String> {
    let stem = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    matches!(stem, "util" | "utils" | "helper" | "helpers" | "common" | "misc" | "types")
        .then(|| format!("{path}: no noun in its name"))
}

fn imports((path, text): &Source, map: &Map) -> Vec<String> {
    let Some(inside) = path.strip_prefix("src/") else { return Vec::new() };
    let module = module_of(inside);
    let Some((room, own)) = module.first().and_then(|room| map.floors.get_key_value(room)) else { return Vec::new() };
    let mut faults = BTreeSet::new();
    for target in absolute_paths(text, &module) {
        let wanted = target.first().map_or("", String::as_str);
        match map.floors.get(wanted) {
            Some(floor) if wanted != room && floor >= own => {
                faults.insert(format!("{path}: imports {wanted}, upwards or sideways"));
            }
            _ => {}
        }
        if let Some(other) = neighbour(&module, &target) {
            faults.insert(format!("{path}: imports its neighbour {other}"));
        }
    }
    faults.into_iter().collect()
}

/// The module a file is, as path segments below the crate.
fn module_of(inside: &str) -> Vec<String> {
    let path = inside.trim_end_matches(".rs");
    path.trim_end_matches("/mod").split('/').map(str::to_owned).collect()
}

/// The provider beside ours that `target` lies in, if it does.
fn neighbour(module: &[String], target: &[String]) -> Option<String> {
    const SHARED: &[&str] = &[
        "backend_kwargs",
        "bounds",
        "call",
        "contract",
        "error",
        "file",
        "filling",
        "layer",
        "meaning",
        "pace",
        "pages",
        "places",
        "plain_http",
        "registry",
        "turns",
    ];
    let [room, own, ..] = module else { return None };
    let [wanted, other, ..] = target else { return None };
    let folders = room == "provider" && wanted == "provider" && own != other;
    let is_folder = |name: &str| !SHARED.contains(&name) && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (folders && is_folder(own) && is_folder(other)).then(|| other.clone())
}

/// Every path of a file that begins with `crate::` or `super::`, as segments below the crate; groups are spelled out.
fn absolute_paths(text: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut inline = 0;
    let mut code = String::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        // A test module inside the file is one level further down.
        inline += usize::from(line == "mod tests {");
        code.push_str(&line.replace("super::", if inline > 0 { "\u{1}super::" } else { "super::" }));
        code.push('\n');
    }
    for (start, marker) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        let before = code[..start].chars().next_back().unwrap_or(' ');
        if before.is_alphanumeric() || matches!(before, '_' | ':') && marker == "super::" {
            continue;
        }
        let mut base = if marker == "crate::" { Vec::new() } else { module.to_vec() };
        let mut rest = &code[start + marker.len()..];
        if marker == "super::" {
            if before == '\u{1}' {
                base.push("tests".to_owned());
            }
            base.pop();
            while let Some(further) = rest.strip_prefix("super::").or_else(|| rest.strip_prefix("\u{1}super::")) {
                base.pop();
                rest = further;
            }
        }
        paths.extend(tails(rest).into_iter().map(|tail| base.iter().cloned().chain(tail).collect()));
    }
    paths
}

/// What follows a path's root: one path, or each member of the group it ends in.
fn tails(rest: &str) -> Vec<Vec<String>> {
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
    let stem: Vec<_> = segments(&rest[..end]).collect();
    match rest[end..].strip_prefix('{') {
        None => vec![stem],
        Some(group) => {
            let members = group.split('}').next().unwrap_or_default().split(',');
            members.map(|member| stem.iter().cloned().chain(segments(member)).collect()).collect()
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = String> {
    path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned)
}

/// Every file below `tests/` belongs to a test binary: one at the top, or in a folder that has a `main.rs` or such a file's name.
fn forgotten_tests(sources: &[Source]) -> Vec<String> {
    let paths: BTreeSet<&str> = sources.iter().map(|(path, _)| path.as_str()).collect();
    let forgotten = |path: &&&str| {
        let Some(folder) = path.strip_prefix("tests/").and_then(|rest| rest.split_once('/')).map(|(folder, _)| folder)
        else {
            return false;
        };
        let owner = [format!("tests/{folder}/main.rs"), format!("tests/{folder}.rs"), format!("tests/{folder}/mod.rs")];
        !owner.iter().any(|owner| paths.contains(owner.as_str()))
    };
    paths.iter().filter(forgotten).map(|path| format!("{path}: no test binary takes it in")).collect()
}

fn load(root: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["src", "tests"] {
        collect(&root.join(folder), root, &mut sources);
    }
    assert!(sources.len() > 40, "the tree was not found: {} files", sources.len());
    sources.sort();
    sources
}

fn collect(folder: &Path, root: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder of the tree") {
        let path = entry.expect("an entry of the tree").path();
        if path.is_dir() {
            collect(&path, root, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let below = path.strip_prefix(root).expect("it lies below the root");
            sources.push((below.to_string_lossy().replace('\\', "/"), text));
        }
    }
}
