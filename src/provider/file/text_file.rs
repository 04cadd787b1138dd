//! One file of entries: read whole, replaced whole, never seen half written.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::{Document, Format, History, Malformed, Unwritable, Versions};

/// A file of entries; it need not exist yet.
#[derive(Debug, Clone)]
pub struct TextFile {
    path: PathBuf,
    format: Arc<dyn Format>,
    versions: Option<Versions>,
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
    /// The file is not of its format.
    Malformed(Malformed),
    /// The changes cannot be written in this format; nothing was changed.
    Unwritable(Unwritable),
}

/// Nobody but the owner.
const PRIVATE: u32 = 0o600;
/// Links that are followed before they are taken for a circle.
const MOST_LINKS: usize = 16;

impl TextFile {
    /// Takes a path; nothing is opened yet.
    pub fn new(path: PathBuf, format: impl Format + 'static) -> Self {
        Self { path, format: Arc::new(format), versions: None }
    }

    /// The same, whose entries have versions.
    pub fn with_versions(self, versions: Versions) -> Self {
        Self { versions: Some(versions), ..self }
    }

    /// How versions of its entries are told apart; `None` where they have none.
    pub fn versions(&self) -> Option<&Versions> {
        self.versions.as_ref()
    }

    /// The earlier versions of its entries; `None` where they have none.
    pub fn history(&self) -> Result<Option<History>, FileError> {
        let real = real_path(&self.path).map_err(refused("find its folder"))?;
        self.versions.as_ref().map(|versions| History::load(&real, versions)).transpose()
    }

    /// A file of this format without entries.
    pub fn empty(&self) -> Box<dyn Document> {
        self.format.empty()
    }

    /// The path as configured.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file; `None` where there is none.
    pub fn load(&self) -> Result<Option<Box<dyn Document>>, FileError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(FileError::Refused("read the file", cause)),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| FileError::NotText)?;
        self.format.parse(text).map(Some).map_err(FileError::Malformed)
    }

    /// Reads, changes and replaces the file while nobody else of ours does; a change that changes nothing writes nothing.
    ///
    /// What the history is told of is on the disk before the file is replaced.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut dyn Document, Option<&mut History>) -> T) -> Result<T, FileError> {
        let real = real_path(&self.path).map_err(refused("find its folder"))?;
        let _lock = lock(&real)?;
        let mut document = self.load()?.unwrap_or_else(|| self.format.empty());
        let before = document.text().map_err(FileError::Unwritable)?;
        let mut history = self.history()?;
        let answer = edit(document.as_mut(), history.as_mut());
        let after = document.text().map_err(FileError::Unwritable)?;
        if *before != *after {
            history.as_mut().map_or(Ok(()), History::save)?;
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
        let real = real_path(&self.path).map_err(refused("find its folder"))?;
        tempfile::tempfile_in(folder_of(&real)).map(drop).map_err(refused("write in the folder"))
    }
}

/// The file itself where the path is a link, whether or not it exists yet.
pub fn real_path(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
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
    let fresh = fresh(real, text.as_bytes())?;
    if let Ok(old) = fs::metadata(real) {
        keep_access(fresh.as_file(), &old).map_err(refused("give the new file its mode"))?;
    }
    put_in_place(fresh, real)
}

/// Replaces a file that nobody but its owner may read.
pub(super) fn replace_private(real: &Path, text: &[u8]) -> Result<(), FileError> {
    put_in_place(fresh(real, text)?, real)
}

fn fresh(real: &Path, text: &[u8]) -> Result<NamedTempFile, FileError> {
    let mut fresh = fresh_beside(real).map_err(refused("make a file in the folder"))?;
    fresh.write_all(text).map_err(refused("write the new file"))?;
    Ok(fresh)
}

fn put_in_place(fresh: NamedTempFile, real: &Path) -> Result<(), FileError> {
    let folder = folder_of(real);
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
