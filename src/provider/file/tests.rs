//! Files on a real disk, in the simplest of formats: `id=value` lines.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::*;
use crate::model::Revision;
use crate::provider::contract::Expect;

#[derive(Debug, Clone, Copy)]
struct Lines;

struct Page(Vec<(String, String)>);

impl Format for Lines {
    fn empty(&self) -> Box<dyn Document> {
        Box::new(Page(Vec::new()))
    }

    fn parse(&self, text: &str) -> Result<Box<dyn Document>, Malformed> {
        let malformed = |line| Malformed { line, column: None, problem: "no `=`".to_owned(), remedy: None };
        let pair = |(index, line): (usize, &str)| {
            let (id, value) = line.split_once('=').ok_or_else(|| malformed(index + 1))?;
            Ok((id.to_owned(), value.to_owned()))
        };
        let pairs = text.lines().enumerate().map(pair).collect::<Result<_, _>>()?;
        Ok(Box::new(Page(pairs)))
    }
}

impl Document for Page {
    fn ids(&self) -> Vec<&str> {
        self.0.iter().map(|(id, _)| id.as_str()).collect()
    }

    fn find(&self, id: &str) -> Option<Found<'_>> {
        self.0.iter().find(|(own, _)| own == id).map(|(_, value)| Found::Value(value))
    }

    fn put(&mut self, id: &str, value: &str) -> Result<(), Unwritable> {
        self.remove(id);
        self.0.push((id.to_owned(), value.to_owned()));
        Ok(())
    }

    fn remove(&mut self, id: &str) {
        self.0.retain(|(own, _)| own != id);
    }

    fn text(&self) -> Result<Zeroizing<String>, Unwritable> {
        if self.find("forbidden").is_some() {
            return Err(Unwritable("it says so".to_owned()));
        }
        Ok(Zeroizing::new(self.0.iter().map(|(id, value)| format!("{id}={value}\n")).collect()))
    }
}

fn file(path: &Path) -> TextFile {
    TextFile::new(path.to_owned(), Lines)
}

fn put(file: &TextFile, key: &str, value: &str) {
    file.edit(|page, _| page.put(key, value)).unwrap().unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn a_place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    (folder, path)
}

#[test]
fn a_new_file_is_private_and_an_old_one_keeps_its_group_but_not_the_others() {
    let (folder, path) = a_place();
    let file = file(&path);
    put(&file, "a", "1");
    assert_eq!((mode(&path), mode(&folder.path().join("a.txt.lock"))), (0o600, 0o600));
    for (before, after) in [(0o400, 0o400), (0o640, 0o640), (0o664, 0o660), (0o777, 0o660)] {
        fs::set_permissions(&path, Permissions::from_mode(before)).unwrap();
        put(&file, "a", &before.to_string());
        assert_eq!(mode(&path), after, "{before:o}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the file and its lock, nothing half written");
}

#[test]
fn what_a_dead_process_left_half_written_is_cleared_away() {
    let (folder, path) = a_place();
    fs::write(folder.path().join("a.txt.new"), "a=half a sec").unwrap();
    put(&file(&path), "a", "1");
    assert_eq!(fs::read_to_string(&path).unwrap(), "a=1\n");
    assert!(!folder.path().join("a.txt.new").exists());
}

#[test]
fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (link, real) = (folder.path().join("link.txt"), folder.path().join("inner/real.txt"));
    fs::create_dir(folder.path().join("inner")).unwrap();
    symlink("inner/real.txt", &link).unwrap();
    for number in ["1", "2"] {
        put(&file(&link), "a", number);
        assert_eq!(fs::read_to_string(&real).unwrap(), format!("a={number}\n"));
    }
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    symlink("circle", folder.path().join("circle")).unwrap();
    assert!(real_path(&folder.path().join("circle")).is_err());
}

#[test]
fn a_file_that_is_not_changed_is_not_written() {
    let (_folder, path) = a_place();
    let file = file(&path);
    file.edit(|page, _| page.remove("a")).unwrap();
    assert!(!path.exists());
    put(&file, "a", "1");
    let inode = fs::metadata(&path).unwrap().ino();
    put(&file, "a", "1");
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
    put(&file, "a", "2");
    assert_ne!(fs::metadata(&path).unwrap().ino(), inode, "the guard above can fail");
}

#[test]
fn two_handles_never_lose_a_change() {
    let (_folder, path) = a_place();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let file = file(&path);
            scope.spawn(move || (0..10).for_each(|number| put(&file, &format!("{writer}-{number}"), "1")));
        }
    });
    assert_eq!(file(&path).load().unwrap().unwrap().ids().len(), 40);
}

#[test]
fn what_cannot_be_read_or_written_leaves_the_file_alone() {
    let (_folder, path) = a_place();
    fs::write(&path, "a=1\nb\n").unwrap();
    let edited = file(&path).edit(|page, _| page.put("c", "2"));
    assert!(matches!(edited, Err(FileError::Malformed(Malformed { line: 2, .. }))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "a=1\nb\n");
    fs::write(&path, "a=1\n").unwrap();
    let edited = file(&path).edit(|page, _| page.put("forbidden", "2"));
    assert!(matches!(edited, Err(FileError::Unwritable(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "a=1\n");
}

fn with_versions(path: &Path, most: usize) -> TextFile {
    file(path).with_versions(Versions {
        key: crate::model::MasterKey::random().subkey(crate::model::Purpose::Revision),
        most,
    })
}

/// Makes one change and gives what came of it.
fn change(file: &TextFile, wanted: Wanted, expect: Expect) -> Verdict {
    let change = Change { id: "a".to_owned(), wanted, expect };
    file.edit(|page, history| change.make(page, history)).unwrap()
}

fn write(file: &TextFile, text: &str) -> Revision {
    match change(file, Wanted::Text(text.into()), Expect::Anything) {
        Verdict::Done(Some(revision)) => revision,
        other => unreachable!("{other:?}"),
    }
}

fn kept(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(history::path_of(path)).unwrap_or_default();
    let text_of =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["text"].as_str().unwrap().to_owned();
    text.lines().skip(1).map(text_of).collect()
}

#[test]
fn what_is_replaced_or_taken_away_is_kept_and_can_be_put_back() {
    let (_folder, path) = a_place();
    let file = with_versions(&path, 20);
    let first = write(&file, "1");
    assert!(!history::path_of(&path).exists(), "a new entry replaces nothing");
    let second = write(&file, "2");
    assert_ne!(first, second);
    assert_eq!((kept(&path), mode(&history::path_of(&path))), (vec!["1".to_owned()], 0o600));
    assert_eq!(change(&file, Wanted::Back(first.clone()), Expect::At(first.clone())), Verdict::Conflict);
    assert_eq!(
        change(&file, Wanted::Back(first.clone()), Expect::At(second.clone())),
        Verdict::Done(Some(first.clone()))
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "a=1\n");
    assert_eq!(change(&file, Wanted::Nothing, Expect::At(first.clone())), Verdict::Done(None));
    assert_eq!(change(&file, Wanted::Back(second.clone()), Expect::Absent), Verdict::Done(Some(second)));
    assert_eq!(change(&file, Wanted::Back(Revision::new("none")), Expect::Anything), Verdict::Lost);
    // What another key made is no version of ours.
    assert_eq!(change(&with_versions(&path, 20), Wanted::Back(first), Expect::Anything), Verdict::Lost);
}

#[test]
fn as_many_versions_are_kept_as_are_asked_for() {
    for (most, expected) in [(0, &[][..]), (1, &["3"]), (2, &["2", "3"])] {
        let (_folder, path) = a_place();
        let file = with_versions(&path, most);
        ["1", "2", "3", "4"].iter().for_each(|text| drop(write(&file, text)));
        assert_eq!(kept(&path), expected);
        assert_eq!(history::path_of(&path).exists(), most > 0);
    }
}

#[test]
fn what_cannot_be_kept_is_not_replaced() {
    let (_folder, path) = a_place();
    let file = with_versions(&path, 20);
    write(&file, "1");
    for damage in ["", "{}", "{\"format\":\"secretferry.history/1\"}\n{\"id\":"] {
        fs::write(history::path_of(&path), damage).unwrap();
        let refused = file.edit(|page, _| page.put("a", "2"));
        assert!(matches!(refused, Err(FileError::Malformed(_))), "{damage}");
    }
    fs::remove_file(history::path_of(&path)).unwrap();
    // A folder in its place: it can be read as little as replaced.
    fs::create_dir(history::path_of(&path)).unwrap();
    assert!(matches!(file.edit(|page, _| page.put("a", "2")), Err(FileError::Refused(..))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "a=1\n");
}

#[test]
fn a_file_without_versions_leaves_nothing_beside_it() {
    let (_folder, path) = a_place();
    let file = file(&path);
    assert_eq!(change(&file, Wanted::Text("1".into()), Expect::Anything), Verdict::Done(None));
    assert_eq!(change(&file, Wanted::Text("2".into()), Expect::Anything), Verdict::Done(None));
    assert_eq!(change(&file, Wanted::Back(Revision::new("x")), Expect::Anything), Verdict::Lost);
    assert!(!history::path_of(&path).exists());
}
