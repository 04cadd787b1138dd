//! One JSON file: read whole, replaced whole, never seen half written.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::document::Document;
use super::scan::Malformed;

/// A file that holds one JSON object; it need not exist yet.
#[derive(Debug, Clone)]
pub struct JsonFile {
    path: PathBuf,
}

/// Why a file could not be read or replaced. Holds no content.
#[derive(Debug)]
pub enum FileError {
    /// The system refused, at this step; nothing was changed.
    Refused(&'static str, io::Error),
    /// The system failed after the file was replaced: a crash of the machine may still undo it.
    Unsettled(io::Error),
    /// The file is no UTF-8.
    NotText,
    /// The file is no JSON object.
    Malformed(Malformed),
}

/// Nobody but the owner.
const PRIVATE: u32 = 0o600;
/// Links that are followed before they are taken for a circle.
const MOST_LINKS: usize = 16;

impl JsonFile {
    /// Takes a path; nothing is opened yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The path as configured.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file; `None` where there is none.
    pub fn load(&self) -> Result<Option<Document>, FileError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(FileError::Refused("read the file", cause)),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| FileError::NotText)?;
        Document::parse(text).map(Some).map_err(FileError::Malformed)
    }

    /// Reads, changes and replaces the file while nobody else of ours does; a change that changes nothing writes nothing.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut Document) -> T) -> Result<T, FileError> {
        let real = self.real_path().map_err(refused("find its folder"))?;
        let _lock = lock(&real)?;
        let mut document = self.load()?.unwrap_or_else(Document::empty);
        let before = document.text();
        let answer = edit(&mut document);
        let after = document.text();
        if *before != *after {
            replace(&real, &after)?;
        }
        Ok(answer)
    }

    /// The file's own attributes; `None` where there is no file.
    pub fn metadata(&self) -> Option<Metadata> {
        fs::metadata(&self.path).ok()
    }

    /// Tries whether files can be made in its folder.
    pub fn try_folder(&self) -> Result<(), FileError> {
        let real = self.real_path().map_err(refused("find its folder"))?;
        tempfile::tempfile_in(folder_of(&real)).map(drop).map_err(refused("write in the folder"))
    }

    /// The file itself where the path is a link, whether or not it exists yet.
    pub fn real_path(&self) -> io::Result<PathBuf> {
        let mut path = std::path::absolute(&self.path)?;
        for _ in 0..MOST_LINKS {
            match fs::read_link(&path) {
                Ok(target) => path = folder_of(&path).join(target),
                Err(_) => {
                    let folder = fs::canonicalize(folder_of(&path))?;
                    return Ok(path.file_name().map_or(folder.clone(), |name| folder.join(name)));
                }
            }
        }
        Err(io::Error::other("too many links"))
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn refused(doing: &'static str) -> impl Fn(io::Error) -> FileError {
    move |cause| FileError::Refused(doing, cause)
}

/// Waits for the lock beside a file. It is freed when dropped, and by the system if we die; the lock's file stays.
fn lock(real: &Path) -> Result<File, FileError> {
    let mut name = real.as_os_str().to_owned();
    name.push(".lock");
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(PRIVATE).open(PathBuf::from(name));
    let file = opened.map_err(refused("open the lock beside the file"))?;
    file.lock().map_err(refused("lock the file"))?;
    Ok(file)
}

fn replace(real: &Path, text: &str) -> Result<(), FileError> {
    let folder = folder_of(real);
    let mut fresh = fresh_beside(real).map_err(refused("make a file in the folder"))?;
    fresh.write_all(text.as_bytes()).map_err(refused("write the new file"))?;
    if let Ok(old) = fs::metadata(real) {
        keep_access(fresh.as_file(), &old).map_err(refused("give the new file its mode"))?;
    }
    fresh.as_file().sync_all().map_err(refused("write the new file"))?;
    fresh.persist(real).map_err(|error| FileError::Refused("put the new file in place", error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(FileError::Unsettled)
}

/// Makes the file that will take the old one's place. Its name is fixed and we hold the lock: one that is there was left by
/// a process that died, and would keep secrets on the disk for good.
fn fresh_beside(real: &Path) -> io::Result<NamedTempFile> {
    let mut name = real.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    match fs::remove_file(folder_of(real).join(&name)) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(&name).rand_bytes(0).permissions(Permissions::from_mode(PRIVATE));
    builder.tempfile_in(folder_of(real))
}

/// Gives the new file the old one's owner, group and mode, as far as we may and as nobody else can read it.
fn keep_access(fresh: &File, old: &Metadata) -> io::Result<()> {
    let ours = fresh.metadata()?;
    // Only root may give a file away; a group one belongs to can be given by anybody.
    if ours.uid() != old.uid() {
        let _ = fchown(fresh, Some(old.uid()), None);
    }
    let group_kept = ours.gid() == old.gid() || fchown(fresh, None, Some(old.gid())).is_ok();
    let most = if group_kept { 0o660 } else { PRIVATE };
    fresh.set_permissions(Permissions::from_mode(old.mode() & most))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use std::os::unix::fs::symlink;

    use super::*;

    fn put(file: &JsonFile, key: &str, value: &str) {
        file.edit(|document| document.put(key, value)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_new_file_is_private_and_an_old_one_keeps_its_group_but_not_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let file = JsonFile::new(path.clone());
        put(&file, "a", "1");
        assert_eq!((mode(&path), mode(&folder.path().join("a.json.lock"))), (0o600, 0o600));
        for (before, after) in [(0o400, 0o400), (0o640, 0o640), (0o664, 0o660), (0o777, 0o660)] {
            fs::set_permissions(&path, Permissions::from_mode(before)).unwrap();
            put(&file, "a", &before.to_string());
            assert_eq!(mode(&path), after, "{before:o}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the file and its lock, nothing half written");
    }

    #[test]
    fn what_a_dead_process_left_half_written_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(folder.path().join("a.json.new"), "{\"a\": \"half a sec").unwrap();
        put(&JsonFile::new(path.clone()), "a", "1");
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\n    \"a\": 1\n}\n");
        assert!(!folder.path().join("a.json.new").exists());
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (link, real) = (folder.path().join("link.json"), folder.path().join("inner/real.json"));
        fs::create_dir(folder.path().join("inner")).unwrap();
        symlink("inner/real.json", &link).unwrap();
        for number in ["1", "2"] {
            put(&JsonFile::new(link.clone()), "a", number);
            assert_eq!(fs::read_to_string(&real).unwrap(), format!("{{\n    \"a\": {number}\n}}\n"));
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        symlink("circle", folder.path().join("circle")).unwrap();
        assert!(JsonFile::new(folder.path().join("circle")).real_path().is_err());
    }

    #[test]
    fn a_file_that_is_not_changed_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let file = JsonFile::new(path.clone());
        file.edit(|document| document.remove("a")).unwrap();
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
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let file = JsonFile::new(path.clone());
                scope.spawn(move || (0..10).for_each(|number| put(&file, &format!("{writer}-{number}"), "1")));
            }
        });
        assert_eq!(JsonFile::new(path).load().unwrap().unwrap().keys().len(), 40);
    }

    #[test]
    fn a_malformed_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, "{\"a\": 1").unwrap();
        let edited = JsonFile::new(path.clone()).edit(|document| document.put("b", "2"));
        assert!(matches!(edited, Err(FileError::Malformed(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\": 1");
    }
}
